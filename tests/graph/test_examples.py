"""Every example previews as it stands, shows what its first lines promise, and is in docs/stack-file.md."""

import contextlib
import io
import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from preview.__main__ import main
from tests.graph.stacks import EXAMPLES, ROOT, entries_of, stack_file

_LONGEST = 70
# Support has ended for two charts of every stack, external-secrets and kube-prometheus-stack, and no digest is shipped.
_EVERYWHERE = ["SUPPLY-DIGEST", "VERSION-ENDED", "VERSION-ENDED"]
# Rules that warn beside that, once for each place.
_WARNINGS = {
    # The second slice of the chat model is for load, not for rollouts: a pool of several profiles doesn't grow.
    "a100-mixed-mig": ["COST-ALWAYS-ON", "ROLLOUT-DOWNTIME"],
    "auto-placed": ["COST-ALWAYS-ON", "COST-ALWAYS-ON", "COST-ALWAYS-ON"],
    "front-door": ["COST-ALWAYS-ON"],
    # Production, whose weights nothing is compared with, and whose alerting nobody watches.
    "h100-tensor-parallel": ["ALERT-HEARTBEAT", "PROD-METRICS", "SUPPLY-WEIGHTS"],
    "shared-gpu-spot": ["COST-ALWAYS-ON", "SHARE-ISOLATION"],
}
# For each model: pool, device, its number per replica, fewest and most replicas on that pool.
_PLACEMENTS = {
    "a100-mixed-mig": {
        "chat": [("a100", "nvidia.com/mig-3g.40gb", 1, 1, 2)],
        "code": [("a100", "nvidia.com/mig-2g.20gb", 1, 1, 1)],
        "embed": [("a100", "nvidia.com/mig-1g.20gb", 1, 1, 1)],
    },
    "auto-placed": {
        "chat": [("mig", "nvidia.com/gpu", 1, 1, 2)],
        "embed": [("mig", "nvidia.com/gpu", 1, 1, 1)],
        "documents": [("a100", "nvidia.com/gpu", 1, 1, 1)],
        "code": [("pair", "nvidia.com/gpu", 2, 1, 1)],
        "reasoning": [("a100", "nvidia.com/gpu", 1, 1, 1), ("spot", "nvidia.com/gpu", 1, 0, 3)],
    },
    "front-door": {
        "chat": [("h100", "nvidia.com/gpu", 1, 1, 2)],
        "guard": [("h100", "nvidia.com/gpu", 1, 1, 1)],
    },
    "h100-tensor-parallel": {"large": [("h100x8", "nvidia.com/gpu", 4, 2, 3)]},
    "shared-gpu-spot": {
        "chat": [("shared", "nvidia.com/gpu", 1, 1, 1), ("spot", "nvidia.com/gpu", 1, 0, 3)],
        "embed": [("shared", "nvidia.com/gpu", 1, 1, 1)],
    },
}
each_example = pytest.mark.parametrize("name", EXAMPLES)


@cache
def preview_of(name: str) -> dict[str, Any]:
    """What the command in docs/stack-file.md prints as JSON."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main([name, "--config", str(stack_file(name).relative_to(ROOT)), "--json", "-"]) == 0
    return json.loads(printed.getvalue())


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@each_example
def test_it_is_accepted_with_the_expected_warnings(name: str) -> None:
    document = preview_of(name)
    assert document["ok"]
    assert document["resources"]
    warned = Counter(finding["rule"] for finding in document["findings"] if finding["severity"] != "info")
    assert warned == Counter([*_EVERYWHERE, *_WARNINGS[name]])


@each_example
def test_its_models_fit_where_it_says(name: str) -> None:
    models = preview_of(name)["plan"]["models"]
    assert all(model["memory"]["fits"] for model in models)
    keys = ("pool", "resource", "count", "min", "max")
    found = {
        model["name"]: [tuple(placement[key] for key in keys) for placement in model["placement"]] for model in models
    }
    assert found == _PLACEMENTS[name]


@each_example
def test_its_pools_have_a_price_and_a_quota(name: str) -> None:
    document = preview_of(name)
    assert all(line["min_per_month"] is not None for line in document["plan"]["cost"]["lines"])
    assert {"COST-PRICE-MISSING", "QUOTA-SURGE"}.isdisjoint(finding["rule"] for finding in document["findings"])
    assert "llm-platform:quota" in stack_file(name).read_text(encoding="utf-8")


@each_example
def test_it_is_short_and_begins_with_what_it_shows(name: str) -> None:
    lines = stack_file(name).read_text(encoding="utf-8").splitlines()
    head = lines[: lines.index("config:")]
    assert len(lines) <= _LONGEST
    assert head
    assert all(line.startswith("# ") for line in head)


@each_example
def test_the_page_of_examples_has_its_command(name: str) -> None:
    page = (ROOT / "docs" / "stack-file.md").read_text(encoding="utf-8")
    assert f"[`{name}`](../examples/{name}.yaml)" in page
    assert f".venv/bin/llm-platform preview {name} --config examples/{name}.yaml" in page


def test_slices_of_different_size_are_made_by_the_operator() -> None:
    entries = entries_of("a100-mixed-mig")
    (operator,) = [entry["inputs"]["values"] for entry in entries if entry["inputs"].get("chart") == "gpu-operator"]
    assert operator["driver"]["enabled"]
    assert operator["migManager"]["enabled"]
    pools = [entry["inputs"] for entry in entries if entry["type"] == "azure-native:containerservice:AgentPool"]
    (pool,) = [pool for pool in pools if pool["mode"] == "User"]
    assert "gpuInstanceProfile" not in pool
    assert pool["nodeLabels"]["nvidia.com/mig.config"] in operator["migManager"]["config"]["data"]["config.yaml"]


def test_the_large_model_speculates_and_keeps_its_cache_in_fp8() -> None:
    (large,) = preview_of("h100-tensor-parallel")["plan"]["models"]
    options = dict(zip(large["args"], large["args"][1:], strict=False))
    assert options["--kv-cache-dtype"] == "fp8"
    assert json.loads(options["--speculative-config"])["method"] == "ngram"
    assert options["--tensor-parallel-size"] == "4"
