"""Which digests are known, how registries are queried for others, and that a moved tag is never taken unnoticed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from planning_stacks import CATALOG, planned, settings
from rule_cases.supply import PINNED

from catalog import Catalog, Digest, supply
from catalog.digest_file import UnresolvedError, resolved, written
from catalog.oci_registry import Registries
from cli.app import main
from planning.planner import plan_stack
from planning.resolving.pins import pins
from simulators.registry.registry import INDEX, MANIFEST, Registry, serving

TODAY = "2026-12-01"
REFERENCE = "docker.io/vllm/vllm-openai:v0.33.0"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Registry()) as served:
        yield served


def ask(registry: Registry, reference: str = REFERENCE, waits: list[float] | None = None) -> str:
    waited: list[float] = [] if waits is None else waits
    return Registries(addresses={"docker.io": registry.address}, timeout_seconds=5, sleep=waited.append).digest(
        reference
    )


@pytest.mark.parametrize("kind", [INDEX, MANIFEST])
@pytest.mark.parametrize("name", ["token", "access_token"])
def test_a_tags_digest_behind_an_anonymous_token(registry: Registry, kind: str, name: str) -> None:
    digest = registry.put("vllm/vllm-openai", "v0.33.0", "one", kind)
    registry.token_field = name
    assert ask(registry) == digest
    paths = [path for path, _ in registry.requests]
    assert paths == ["/v2/vllm/vllm-openai/manifests/v0.33.0", "/token", "/v2/vllm/vllm-openai/manifests/v0.33.0"]


def test_a_registry_that_asks_for_nothing_and_states_no_digest(registry: Registry) -> None:
    registry.asks_for_token = registry.states_digest = False
    digest = registry.put("vllm/vllm-openai", "v0.33.0", "one")
    assert ask(registry) == digest


def test_a_redirect_is_followed_without_the_token(registry: Registry) -> None:
    digest = registry.put("vllm/vllm-openai", "v0.33.0", "one")
    registry.redirects = True
    assert ask(registry) == digest
    assert registry.requests[-1] == ("/elsewhere/v2/vllm/vllm-openai/manifests/v0.33.0", None)


def test_a_limit_is_waited_for_as_the_registry_says(registry: Registry) -> None:
    digest = registry.put("vllm/vllm-openai", "v0.33.0", "one")
    registry.limited, registry.retry_after = 1, "7"
    waits: list[float] = []
    assert ask(registry, waits=waits) == digest
    assert waits == [7]
    registry.limited, registry.retry_after = 99, "86400"
    with pytest.raises(UnresolvedError, match="limits anonymous callers"):
        ask(registry, waits=waits)
    assert max(waits) <= 60


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({}, "no such tag"),
        ({"asks_for_account": True}, "asks for an account"),
        ({"false_digest": True}, "states sha256:.* and sends content whose digest is sha256:"),
        ({"cuts_off": True}, "can't be reached|bytes, of which 10 came"),
    ],
)
def test_a_fault_is_a_reason_and_never_a_digest(registry: Registry, fault: dict[str, Any], reason: str) -> None:
    if fault:
        registry.put("vllm/vllm-openai", "v0.33.0", "one")
    for name, value in fault.items():
        setattr(registry, name, value)
    with pytest.raises(UnresolvedError, match=reason):
        ask(registry)


def test_what_is_no_manifest_has_no_digest(registry: Registry) -> None:
    registry.asks_for_token = False
    registry.put("vllm/vllm-openai", "v0.33.0", "one", "text/html, application/vnd.oci.image.index.v1+json")
    registry.manifests["vllm/vllm-openai", "v0.33.0"] = (INDEX[:11], b"<html>")
    with pytest.raises(UnresolvedError, match="sends no manifest but"):
        ask(registry)


def test_nobody_there() -> None:
    with pytest.raises(UnresolvedError, match=r"docker\.io can't be reached"):
        Registries(addresses={"docker.io": "http://127.0.0.1:9"}, timeout_seconds=1).digest(REFERENCE)


def test_new_digests_are_added_and_failures_keep_what_is_known() -> None:
    known = {"a/x:1": Digest("sha256:1", "2026-01-01"), "a/z:1": Digest("sha256:9", "2026-01-01")}

    def answers(reference: str) -> str:
        if reference == "a/z:1":
            raise UnresolvedError("a has no such tag (404)")
        return {"a/x:1": "sha256:1", "a/y:1": "sha256:2"}[reference]

    found = resolved(known, ["a/x:1", "a/y:1", "a/z:1"], answers, TODAY)
    assert found.added == ("a/y:1",)
    assert found.failed == (("a/z:1", "a has no such tag (404)"),)
    assert found.digests["a/y:1"] == Digest("sha256:2", TODAY)
    assert found.digests["a/z:1"].digest == "sha256:9"


@pytest.mark.parametrize("accepted", [False, True])
def test_a_tag_that_moved_is_reported_and_kept(accepted: bool) -> None:
    known = {"a/x:1": Digest("sha256:1", "2026-01-01")}
    found = resolved(known, ["a/x:1"], lambda _: "sha256:2", TODAY, accept_moved=accepted)
    assert found.moved == (("a/x:1", "sha256:1", "sha256:2"),)
    assert found.digests["a/x:1"].digest == ("sha256:2" if accepted else "sha256:1")


def test_the_file_keeps_its_comments_and_survives_a_round(tmp_path: Path) -> None:
    text = '# One.\nsource: somewhere\nas_of: "2026-01-01"\nentries: {}\n'
    digests = {
        "b.example:5000/x:1": Digest(f"sha256:{'b' * 64}", TODAY),
        "a/x:1": Digest(f"sha256:{'a' * 64}", TODAY, 'it "says"'),
    }
    after = written(text, digests)
    assert after.startswith(f'# One.\nsource: somewhere\nas_of: "{TODAY}"\nentries:\n')
    assert list(yaml.safe_load(after)["entries"]) == ["a/x:1", "b.example:5000/x:1"]
    file = tmp_path / "digests.yaml"
    file.write_text(after, encoding="utf-8")
    assert digests_in(file) == dict(sorted(digests.items()))
    assert written(after, digests) == after
    assert digests_in(_written(tmp_path, written(after, {}))) == {}


def digests_in(file: Path) -> dict[str, Digest]:
    return dict(supply.digests(yaml.safe_load(file.read_text(encoding="utf-8")), file.name))


def _written(folder: Path, text: str) -> Path:
    file = folder / "other.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def references() -> list[str]:
    return [pin.reference for pin in pins(CATALOG) if pin.reference is not None and pin.used]


def test_the_command_asks_for_all_and_writes_what_it_gets(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _written(tmp_path, "# Kept.\nentries: {}\n")
    hosts = sorted({reference.partition("/")[0] for reference in references()})
    for reference in references():
        repository, _, tag = reference.partition("/")[2].rpartition(":")
        registry.put(repository, tag, reference)
    arguments = ["pins", "--resolve", "--file", str(file)]
    arguments += [part for host in hosts for part in ("--registry", f"{host}={registry.address}")]
    assert main(arguments) == 0
    assert set(digests_in(file)) == set(references())
    assert file.read_text(encoding="utf-8").startswith("# Kept.\n")
    assert f"{len(references())} added, 0 moved, 0 without an answer." in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["other.yaml"]

    registry.put("vllm/vllm-openai", "v0.33.0", "somebody else's")
    before = file.read_text(encoding="utf-8")
    assert main(arguments) == 2
    printed = capsys.readouterr().out
    assert f"{REFERENCE} moved: sha256:" in printed
    assert "kept as it was" in printed
    assert file.read_text(encoding="utf-8") == before
    assert main([*arguments, "--accept-moved"]) == 0
    assert file.read_text(encoding="utf-8") != before


def test_without_a_network_the_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _written(tmp_path, "# Kept.\nentries: {}\n")
    hosts = sorted({reference.partition("/")[0] for reference in references()})
    nobody = [part for host in hosts for part in ("--registry", f"{host}=http://127.0.0.1:9")]
    assert main(["pins", "--resolve", "--timeout", "1", "--file", str(file), *nobody]) == 2
    assert f"{REFERENCE}: no digest: docker.io can't be reached" in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == "# Kept.\nentries: {}\n"


@pytest.mark.parametrize(
    "text",
    [
        "entries: [",
        "entries: {a: 1}",
        "[]",
        "entries: {a: {digest: 1, as_of: x}}",
        "entries: {a: {digest: abc, as_of: x}}",
        "[" * 20_000,
        "{a: " * 20_000,
        "a: &a [*a]",
    ],
)
def test_a_file_that_is_none_is_an_answer(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pins", "--resolve", "--file", str(_written(tmp_path, text))]) == 2
    assert "can't be read" in capsys.readouterr().err


def test_the_list_has_every_chart_and_image_and_says_why_one_has_no_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pins"]) == 0
    printed = capsys.readouterr().out
    for chart in CATALOG.charts.values():
        assert f" {chart.version} " in printed
    rows = [line.split() for line in printed.splitlines()]
    (vllm,) = [row for row in rows if "docker.io/vllm/vllm-openai" in row]
    assert vllm[-1] == "unpinned"
    assert "by version: Helm repositories know no digests; signed, key at https://cert-manager.io/" in printed
    assert main(["pins", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == len(pins(CATALOG))
    assert {item["name"] for item in listed if item["unpinned"]} >= {"docker.io/vllm/vllm-openai"}


def plan_knowing(catalog: Catalog) -> Any:
    outcome = plan_stack(settings({}), catalog)
    assert outcome.plan is not None
    return outcome.plan


def test_a_known_digest_is_in_every_place_that_takes_one() -> None:
    plan = plan_knowing(PINNED)
    known = {reference: digest.digest for reference, digest in PINNED.digests.items()}
    assert plan.models[0].releases[0].image.endswith(f"/vllm/vllm-openai:v0.33.0@{known[REFERENCE]}")
    assert plan.models[0].handover.image.endswith(
        f":3.10.2@{known['mcr.microsoft.com/oss/v2/kubernetes/pause:3.10.2']}"
    )
    assert (
        plan.gateway.envoy.chart
        == f"oci://docker.io/envoyproxy/gateway-helm@{known['docker.io/envoyproxy/gateway-helm:v1.9.2']}"
    )
    assert plan.gateway.envoy_crds.chart == plan.gateway.envoy.chart
    prometheus = plan.monitoring.chart.images["prometheus"]["prometheusSpec"]["image"]["sha"]
    assert f"sha256:{prometheus}" == known["quay.io/prometheus/prometheus:v3.14.0-distroless"]
    webhook = plan.certificates.chart.images["webhook"]["image"]["digest"]
    assert webhook == known["quay.io/jetstack/cert-manager-webhook:v1.21.1"]
    operator = plan.gpu_operator.chart.images
    assert operator["devicePlugin"]["version"] == operator["gfd"]["version"]
    assert operator["gfd"]["version"] == known["nvcr.io/nvidia/k8s-device-plugin:v0.20.0"]
    busybox, kubectl = plan.monitoring.crds_images
    assert ":1.37.0@sha256:" in busybox
    assert ":v1.36.4@sha256:" in kubectl


def test_a_digest_of_another_tag_is_not_used() -> None:
    other = replace(CATALOG, digests={"docker.io/vllm/vllm-openai:v0.32.0": Digest(f"sha256:{'a' * 64}", TODAY)})
    assert "@" not in plan_knowing(other).models[0].releases[0].image


def test_what_is_named_by_a_tag_is_in_the_preview() -> None:
    (finding,) = [finding for finding in planned({}).findings if finding.rule == "SUPPLY-DIGEST"]
    assert "charts and images are named by a tag alone" in finding.message
    assert "pins --resolve" in finding.fix


def test_a_keyring_has_helm_check_its_chart() -> None:
    outcome = planned({"registry.keyrings": {"cert-manager": "keys/cert-manager.gpg"}})
    assert outcome.plan is not None
    assert outcome.plan.certificates.chart.keyring == "keys/cert-manager.gpg"
    assert outcome.plan.autoscaling.chart.keyring is None
