"""Views of a graph: tree, unknown values, manifests, comparison, JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Finding
from planning import Plan
from planning.plan import contract
from preview import comparison, manifests, tree
from preview.engine import SECRET, UNKNOWN
from preview.leaves import Leaf
from preview.stack import assessed
from preview.unknowns import tally

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = "urn:pulumi:dev::llm-platform::pulumi:pulumi:Stack::llm-platform-dev"


@dataclass(frozen=True)
class Registered:
    urn: str
    type: str
    name: str
    parent: str | None
    inputs: Mapping[str, Any] = field(default_factory=dict)


def below(parent: str, kind: str, name: str, **inputs: object) -> Registered:
    return Registered(f"urn:pulumi:dev::llm-platform::{kind}::{name}", kind, name, parent, inputs)


STACK = Registered(ROOT, "pulumi:pulumi:Stack", "llm-platform-dev", None)


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = assessed((REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")).plan
    assert plan is not None
    return plan


def test_the_tree_counts_everything_once(plan: Plan) -> None:
    network = below(ROOT, "llm-platform:components:Network", "network")
    zone = below(network.urn, "azure-native:privatedns:PrivateZone", "zone")
    link = below(zone.urn, "azure-native:privatedns:VirtualNetworkLink", "link")
    lone = below(ROOT, "random:index:RandomPet", "pet")
    found = tree.branches([link, lone, network, STACK, zone], plan)
    assert [(branch.name, branch.resources) for branch in found] == [("stack", 1), ("network", 3), ("RandomPet", 1)]


def test_a_kind_without_description_is_described_by_its_resources(plan: Plan) -> None:
    top = below(ROOT, "llm-platform:components:Registrar", "registrar")
    parts = [below(top.urn, "azure-native:dns:Zone", name) for name in ("a", "b")]
    branch = tree.branches([*parts, STACK, top], plan)[1]
    assert branch.leaves[0].text == "registrar: 2 Zones"


def test_a_long_list_is_truncated_with_a_count() -> None:
    leaves = (Leaf("20 models"), *(Leaf(f"model {number}", 10) for number in range(20)))
    text = [line.plain for line in tree.lines([tree.Branch("models", leaves, 200)], 100)]
    assert len(text) == 1 + tree.MOST_LEAVES + 1
    assert text[-1].strip() == "… and 8 more"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_lines_wrap_within_the_width(width: int) -> None:
    leaf = Leaf(" ".join(["2 × 3g.47gb,"] * 20))
    text = [line.plain for line in tree.lines([tree.Branch("pools", (leaf,), 1), tree.Branch("end", (), 0)], width)]
    assert max(map(len, text)) <= width
    assert all(line.startswith(("├─", "│ ", "└─")) for line in text)
    assert sum(line.count("2 × 3g.47gb,") for line in text) == 20, "no break around the sign"


def test_unknown_and_secret_values_are_counted_at_any_depth() -> None:
    found = tally(
        [
            below(
                ROOT, "a:b:C", "one", subnet={"id": UNKNOWN}, list=[UNKNOWN, {"token": SECRET}], plain="x", none=None
            ),
            below(ROOT, "a:b:C", "two", list=[UNKNOWN], flag=True, number=1.5),
        ]
    )
    assert found.unknown == (("list", 2), ("subnet.id", 1))
    assert found.secret == 1


def manifest(kind: str, name: str, *, api: str = "v1", namespace: str | None = None, **more: object) -> Any:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return f"kubernetes:{api}:{kind}", {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def test_manifests_have_sorted_keys_and_blocks_for_scripts() -> None:
    files = manifests.manifests([manifest("ConfigMap", "a", namespace="llm", data={"b": "1\n2\n", "a": "yes"})])
    assert files["llm/configmap-a.yaml"] == (
        "apiVersion: v1\ndata:\n  a: 'yes'\n  b: |\n    1\n    2\n"
        "kind: ConfigMap\nmetadata:\n  name: a\n  namespace: llm\n"
    )


def test_objects_without_namespace_and_foreign_resources() -> None:
    azure = ("azure-native:network:Subnet", {"kind": "x", "apiVersion": "y"})
    files = manifests.manifests([manifest("Namespace", "llm"), azure, ("kubernetes:core:Odd", {})])
    assert list(files) == ["_cluster/namespace-llm.yaml", "manifests.txt"]


def test_two_groups_with_one_kind_get_files_of_their_own() -> None:
    files = manifests.manifests(
        [manifest("Backend", "chat", api=f"{group}/v1", namespace="llm") for group in ("a.io", "b.io")]
    )
    assert list(files) == ["llm/backend.a.io-chat.yaml", "llm/backend.b.io-chat.yaml", "manifests.txt"]


def test_the_same_object_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        manifests.manifests([manifest("Backend", "chat", namespace="llm")] * 2)


def test_releases_are_values_files_that_name_their_chart() -> None:
    inputs = {
        "chart": "keda",
        "version": "2.20.2",
        "name": "keda",
        "namespace": "keda",
        "values": {"b": 1, "a": "[secret]"},
    }
    text = manifests.manifests([("kubernetes:helm.sh/v3:Release", inputs)])["keda/release-keda.values.yaml"]
    assert text.startswith("# chart: keda\n# version: 2.20.2\n")
    assert yaml.safe_load(text) == {"a": "[secret]", "b": 1}


@pytest.mark.parametrize("name", ["../../up", "[unknown]", "a/b", ""])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    path = next(iter(manifests.manifests([manifest("Service", name, namespace="..")])))
    folder, file = path.split("/")
    assert folder not in {"", ".", ".."}
    assert file.startswith("service-")


def test_only_files_of_an_earlier_run_are_stale() -> None:
    index = "llm/a.yaml\nllm/b.yaml\n../up/c.yaml\n/etc/d.yaml\nllm/../e.yaml\nllm/f.txt\n"
    assert manifests.stale(index, ["llm/a.yaml"]) == ["llm/b.yaml"]


def resource(name: str, options: Mapping[str, object] | None = None, **inputs: object) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:dev::llm-platform::a:b:C::{name}", "inputs": inputs, "options": dict(options or {})}


def part(name: str, low: float | None, high: float | None) -> dict[str, object]:
    return {"name": name, "min_per_month": low, "max_per_month": high}


def document(
    *resources: Mapping[str, object], stack: str = "dev", low: float = 100.0, currency: str = "USD", **more: object
) -> str:
    lines = [part("gpu", low, 300.0), part("old", 1.0, 1.0), part("burst", 0.0, None)]
    cost = {"currency": currency, "min_per_month": low, "max_per_month": 300.0, "lines": lines, **more}
    return json.dumps({"stack": stack, "plan": {"cost": cost}, "resources": resources})


NOW = {
    "currency": "USD",
    "min_per_month": 150.5,
    "max_per_month": 300.0,
    "lines": [part("gpu", 150.5, 300.0), part("burst", 0.0, None), part("new", 0.0, None)],
    "models": [part("chat", 20.0, 40.0)],
}


def test_a_comparison_names_what_differs() -> None:
    before = comparison.earlier(document(resource("gone"), resource("kept", {"protect": True}, a=1, b=2)), "dev")
    found = comparison.compare(before, [resource("kept", {"protect": False}, a=1, b=3, c=None), resource("new")], NOW)
    assert [urn.rpartition("::")[2] for urn in found.added] == ["new"]
    assert [urn.rpartition("::")[2] for urn in found.removed] == ["gone"]
    assert [(change.inputs, change.options) for change in found.changed] == [(("b", "c"), ("protect",))]
    assert found.cost is not None
    assert (found.cost.currency, found.cost.min_per_month, found.cost.max_per_month) == ("USD", 50.5, 0.0)
    assert [(part.kind, part.name, part.min_per_month, part.max_per_month) for part in found.cost.parts] == [
        ("pool", "gpu", 50.5, 0.0),
        ("pool", "new", 0.0, None),
        ("pool", "old", -1.0, -1.0),
        ("model", "chat", 20.0, 40.0),  # older documents have no cost of models
    ]


def test_what_the_engine_ignores_is_no_change() -> None:
    options = {"ignore_changes": ["count", "spec.replicas", "pools[0].count", "missing.key"]}
    old = resource("kept", options, count=1, size="a", spec={"replicas": 1, "paused": False}, pools=[{"count": 1}, {}])
    new = resource("kept", options, count=2, size="b", spec={"replicas": 2, "paused": False}, pools=[{"count": 2}, {}])
    before = comparison.earlier(document(old), "dev")
    assert [change.inputs for change in comparison.compare(before, [new], NOW).changed] == [("size",)]
    deeper = {**new, "inputs": {**new["inputs"], "spec": {"replicas": 3, "paused": True}}}
    assert [change.inputs for change in comparison.compare(before, [deeper], NOW).changed] == [("size", "spec")]


def test_another_stack_is_compared_resource_by_resource() -> None:
    text = document(resource("kept", {"provider": resource("x")["urn"]})).replace("pulumi:dev", "pulumi:prod")
    before = comparison.earlier(text.replace('"dev"', '"prod"'), "dev")
    found = comparison.compare(before, [resource("kept", {"provider": resource("x")["urn"]})], NOW)
    assert (found.stack, found.added, found.removed, found.changed) == ("prod", (), (), ())


def test_costs_in_different_currencies_have_no_difference() -> None:
    before = comparison.earlier(document(currency="EUR"), "dev")
    assert comparison.compare(before, [], NOW).cost is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[]", "not what --json writes"),
        ('{"stack": "dev", "plan": null, "resources": []}', "rejected stack"),
        ('{"stack": "dev", "plan": {}, "resources": []}', "cost"),
        ('{"stack": "dev", "plan": {}, "resources": [1]}', "not what --json writes"),
        (document(resource("a")).replace('"urn"', '"name"'), "urn"),
        (document(resource("a")).replace('"urn:', '"\\u001b[31murn:'), "urn"),
        (document({**resource("a"), "urn": "a"}), "urn"),
        (document({**resource("a"), "urn": 1}), "urn"),
        (document({**resource("a"), "inputs": None}), "inputs"),
        (document({**resource("a"), "options": []}), "options"),
        (document(min_per_month="5"), "min_per_month"),
        (document(max_per_month=float("nan")), "max_per_month"),
        (document(max_per_month=float("inf")), "max_per_month"),
        (document(lines=[{"name": [], "min_per_month": 1.0, "max_per_month": 1.0}]), "name"),
        (document(lines=[{"name": "a", "min_per_month": 10**400, "max_per_month": 1.0}]), "min_per_month"),
        (document(lines={}), "lines"),
    ],
)
def test_anything_but_an_accepted_preview_is_refused(text: str, why: str) -> None:
    with pytest.raises(comparison.NotAPreviewError, match=why):
        comparison.earlier(text, "dev")


def test_the_document_has_a_line_for_everything_and_is_json(plan: Plan) -> None:
    resources = [resource("a", ä="→"), resource("b")]
    text = "".join(contract.text("dev", (), plan, iter(resources)))
    read = json.loads(text)
    assert read["resources"] == resources
    assert read["plan"] == json.loads(json.dumps(contract.plan_json(plan)))
    assert sum('"urn"' in line for line in text.splitlines()) == 2
    assert "→" in text


@pytest.mark.parametrize(("severity", "ok"), [("warning", True), ("error", False)])
def test_an_error_is_never_ok(plan: Plan, severity: Any, ok: bool) -> None:
    finding = Finding(severity, "RULE", "a.b", "message", "fix")
    read = json.loads("".join(contract.text("dev", [finding], plan, [])))
    assert read["ok"] is ok
    expected = {"severity": severity, "rule": "RULE", "path": "a.b", "message": "message", "fix": "fix"}
    assert read["findings"] == [{**expected, "line": None, "column": None}]


def test_a_rejected_stack_has_neither_plan_nor_resources() -> None:
    assert json.loads("".join(contract.text("dev", [], None, []))) == {
        "stack": "dev", "ok": False, "findings": [], "plan": None, "policies": [], "resources": [],
    }  # fmt: skip
