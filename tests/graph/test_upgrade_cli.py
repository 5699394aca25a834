"""`llm-platform upgrade` from end to end: verdicts, order, effects from two previews, and files that are refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.graph.upgrade_command import DEV, REPOSITORY, Outcome, file, run


@pytest.fixture(scope="module")
def newest() -> Outcome:
    return run("upgrade", "dev", "--json", "-")


def test_without_a_target_it_is_the_newest_that_the_catalog_knows(newest: Outcome) -> None:
    assert newest.verdicts == {
        "pulumi-azure-native": "safe", "kubernetes": "manual", "external-secrets": "unknown",
        "kube-prometheus-stack": "manual",
    }  # fmt: skip
    assert newest.document["verdict"] == "unknown"
    assert newest.code == 2
    assert {"gpu-operator", "chat", "driver"} <= {each["name"] for each in newest.document["stays"]}


def test_the_document_is_that_of_the_page(newest: Outcome) -> None:
    """docs/upgrading.md states these keys."""
    document = newest.document
    page = (REPOSITORY / "docs" / "upgrading.md").read_text(encoding="utf-8")
    shown = {*document, *document["moves"][0], *document["effects"], *document["effects"]["restarts"][0]}
    assert [key for key in sorted(shown) if f'"{key}"' not in page] == []
    assert [move["order"] for move in document["moves"]] == [1, 2, 3, 4]


def test_the_effects_are_those_of_the_second_preview(newest: Outcome) -> None:
    found = newest.document["effects"]
    assert [(each["of"], each["name"]) for each in found["restarts"]] == [
        ("chart", "external-secrets"), ("chart", "kube-prometheus-stack"),
    ]  # fmt: skip
    assert (found["replaced"], found["deleted"], found["created"]) == ([], [], 0)


def test_every_move_has_a_reason_and_every_record_its_source_and_date(newest: Outcome) -> None:
    for move in newest.document["moves"]:
        assert move["why"]
        assert move["verdict"] == "unknown" or (move["source"] and move["as_of"])


def test_the_same_file_moves_nothing(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV), "--json", "-")
    assert (found.code, found.document["verdict"], found.document["moves"]) == (0, "safe", [])
    assert found.document["effects"] == {"replaced": [], "deleted": [], "created": 0, "updated": 0, "restarts": []}


def test_text_says_what_to_do_in_lines_of_a_page(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV, ('"1.36"', '"1.37"')))
    assert found.code == 0
    assert "manual: 1 move (1 manual)" in found.text
    assert "kubernetes  1.36 → 1.37" in found.text
    assert "→ az aks nodepool upgrade" in found.text
    assert max(map(len, found.text.splitlines()[1:])) <= 120


def test_the_drivers_owner_replaces_pools_and_restarts_models(tmp_path: Path) -> None:
    target = file(tmp_path, DEV, ("    tier: Free\n", "    tier: Free\n    gpu_driver: operator\n"))
    found = run("upgrade", "dev", "--to", target, "--json", "-").document
    (pool,) = found["effects"]["replaced"]
    assert pool["type"].endswith(":AgentPool")
    assert pool["name"].startswith("pool-h100-")
    assert pool["successor"] != pool["name"]
    restarted = {each["name"]: each for each in found["effects"]["restarts"] if each["of"] == "model"}
    assert set(restarted) == {"chat", "embed"}
    assert restarted["chat"]["pods"] == "1\N{EN DASH}3"
    assert "another pool" in restarted["chat"]["why"]


def test_support_is_judged_by_the_day_of_the_command(tmp_path: Path) -> None:
    """2039-09-18: nothing that the catalog knows the end of is supported any more."""
    target = file(tmp_path, DEV, ('"1.36"', '"1.37"'))
    found = run("upgrade", "dev", "--to", target, "--json", "-", day="2200000000")
    assert (found.code, found.verdicts) == (2, {"kubernetes": "blocked"})
    assert "community support of 1.37 ended in 2027-10" in found.document["moves"][0]["why"]
    assert found.document["effects"] == run("upgrade", "dev", "--to", target, "--json", "-").document["effects"]
    stays = run("upgrade", "dev", "--json", "-", day="2200000000").document["stays"]
    assert {"gateway-helm": "the version matrix has no supported version of it"}.items() <= {
        each["name"]: each["why"] for each in stays
    }.items()


# ------------------------------------------------------------------ what is refused
def test_a_file_that_is_rejected_for_its_version_blocks_that_pin(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV, ("version: 0.33.0", "version: 0.34.0")), "--json", "-")
    assert found.code == 2
    assert found.verdicts == {"chat": "blocked"}
    assert found.document["effects"] is None
    assert "rejected" in found.document["effects_unknown"]
    assert "ENGINE-VERSION" in {each["rule"] for each in found.document["findings"]}


def test_a_file_that_is_rejected_today_can_still_be_moved(tmp_path: Path) -> None:
    """Support has ended, which is when somebody asks."""
    found = run("upgrade", "dev", "--config", file(tmp_path, DEV, ('"1.36"', '"1.33"')), "--json", "-")
    move = next(each for each in found.document["moves"] if each["name"] == "kubernetes")
    assert (move["current"], move["target"]) == ("1.33", "1.34")
    assert found.document["effects"] is None


BROKEN: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "a target that is not there": (lambda folder: ["--to", str(folder / "none.yaml")], "none.yaml"),
    "a target that is not valid YAML": (lambda folder: ["--to", file(folder, "config: [")], "CFG-"),
    "a target of another stack": (
        lambda _: ["--to", str(REPOSITORY / "Pulumi.prod.yaml")], "UPGRADE-OTHER-STACK",
    ),
    "a target with an unknown key": (
        lambda folder: ["--to", file(folder, DEV, ("    tier: Free", "    teir: Free"))], "CFG-UNKNOWN-KEY",
    ),
    "a version that is a number": (
        lambda folder: ["--to", file(folder, DEV, ('kubernetes: "1.36"', "kubernetes: 1.36"))], "cluster.kubernetes",
    ),
    "a state that is no JSON": (lambda folder: ["--from", file(folder, "{")], "it is not JSON"),
    "a state without resources": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": []}}')], "has no resources",
    ),
    "a state of another shape": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": {"a": 1}}}')], "pulumi stack export",
    ),
    "a state with a name that is no URN": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": [{"urn": "x", "type": "y"}]}}')],
        "pulumi stack export",
    ),
    "a preview of a rejected stack": (
        lambda folder: ["--from", file(folder, '{"stack": "dev", "plan": null}')], "rejected stack",
    ),
    "a folder to write to": (lambda folder: ["--json", str(folder)], "can't be written"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_input_is_reported_with_exit_code_2(
    arguments: Callable[[Path], list[str]], expected: str, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in REPOSITORY.glob("Pulumi.*.yaml")}
    found = run("upgrade", "dev", *arguments(tmp_path))
    assert found.code == 2
    assert expected in found.text
    assert {path: path.read_bytes() for path in REPOSITORY.glob("Pulumi.*.yaml")} == before


def test_a_rejected_file_has_a_document_of_the_same_shape(newest: Outcome, tmp_path: Path) -> None:
    written = tmp_path / "upgrade.json"
    found = run("upgrade", "dev", "--to", file(tmp_path, "config: ["), "--json", str(written))
    document = json.loads(written.read_text(encoding="utf-8"))
    assert (found.code, document["ok"], document["moves"]) == (2, False, [])
    assert list(document) == list(newest.document)
    assert document["findings"][0]["fix"]


@pytest.mark.parametrize("name", ["another-stack", "no/such/name"])
def test_a_stack_that_is_not_there(name: str) -> None:
    found = run("upgrade", name)
    assert found.code == 2
    assert name in found.text
