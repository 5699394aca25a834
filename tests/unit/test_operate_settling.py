"""What is done about an operation that an update was at, for each state that it can leave."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from operate.settling import _entered, settlements
from operate.state import Saved
from operate.status import locks

STACK = "urn:pulumi:dev::llm-platform::"
PROVIDER = f"{STACK}pulumi:providers:kubernetes::kubernetes"


def entry(name: str, type_: str = "kubernetes:apps/v1:Deployment", **more: Any) -> dict[str, Any]:
    inputs = {"metadata": {"name": name, "namespace": "llm"}}
    return {"urn": f"{STACK}{type_}::{name}", "type": type_, "custom": True, "inputs": inputs, **more}


def state(*resources: dict[str, Any], pending: tuple[tuple[str, dict[str, Any]], ...]) -> Saved:
    operations = [{"type": kind, "resource": resource} for kind, resource in pending]
    return Saved({"deployment": {"resources": list(resources), "pending_operations": operations}})


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading", "importing"])
def test_what_exists_is_read_again(kind: str) -> None:
    (found,) = settlements(state(pending=((kind, entry("chat", id="llm/chat")),)))
    assert found.action == "read"


def test_a_creation_is_looked_for_under_the_id_that_its_names_make() -> None:
    (found,) = settlements(state(pending=(("creating", entry("chat")),)))
    assert (found.action, found.id_) == ("look", "llm/chat")


def test_a_creation_in_place_of_what_was_deleted_for_it_is_looked_for() -> None:
    old = entry("chat", id="llm/chat", pendingReplacement=True)
    (found,) = settlements(state(old, pending=(("creating", entry("chat")),)))
    assert (found.action, found.id_) == ("look", "llm/chat")


def test_a_creation_under_the_id_of_what_the_state_has_is_forgotten() -> None:
    (found,) = settlements(state(entry("chat", id="llm/chat"), pending=(("creating", entry("chat")),)))
    assert found.action == "forget"


def test_a_provider_lives_in_the_state_alone() -> None:
    made = entry("kubernetes", "pulumi:providers:kubernetes")
    (found,) = settlements(state(pending=(("creating", made),)))
    assert found.action == "forget"


def test_what_no_names_make_is_the_operators_to_say() -> None:
    made = entry("odd", "azure-native:odd:Thing")
    pending = (("creating", made),)
    (found,) = settlements(state(pending=pending))
    assert found.action == "open"
    (found,) = settlements(state(pending=pending), {made["urn"]: "/subscriptions/1/odd"})
    assert (found.action, found.id_) == ("look", "/subscriptions/1/odd")
    (found,) = settlements(state(pending=pending), {made["urn"]: ""})
    assert found.action == "forget"


def test_a_new_entry_comes_after_what_it_needs_and_takes_the_place_of_what_it_replaces() -> None:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "id": "1"}
    needed, other = entry("weights", id="llm/weights"), entry("other", id="llm/other")
    replaced = entry("chat", id="llm/chat", pendingReplacement=True)
    new = entry("chat", id="llm/chat", dependencies=[needed["urn"]], provider=f"{PROVIDER}::1")
    names = [each["urn"].rpartition("::")[2] for each in _entered([provider, replaced, needed, other], new)]
    assert names == ["kubernetes", "weights", "chat", "other"]


def test_a_former_one_that_is_still_there_waits_to_be_deleted() -> None:
    old = entry("pool", "azure-native:containerservice:AgentPool", id="/old")
    new = entry("pool", "azure-native:containerservice:AgentPool", id="/new")
    entered = _entered([old], new)
    assert [(each["id"], each.get("delete", False)) for each in entered] == [("/old", True), ("/new", False)]


def test_an_entry_that_was_never_read_is_noticed() -> None:
    """What a kill between the settlement and its refresh leaves."""
    assert state(entry("chat", id="llm/chat"), pending=()).has_unread
    read = (entry("chat", id="llm/chat", outputs={"spec": {}}), entry("azure", "pulumi:providers:azure-native", id="1"))
    assert not state(*read, pending=()).has_unread


@pytest.mark.parametrize(
    "content", ["[]", '"x"', "[" * 100_000, '{"pid": "1"}', '{"username": 1, "hostname": "h"}', "\x00"]
)
def test_a_lock_of_any_content_is_a_lock(tmp_path: Path, content: str) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "llm-platform" / "dev"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(content, encoding="utf-8")
    workspace = SimpleNamespace(
        who_am_i=lambda: SimpleNamespace(url=f"file://{tmp_path}"),
        project_settings=lambda: SimpleNamespace(name="llm-platform"),
    )
    found: Any = locks(SimpleNamespace(name="dev", workspace=workspace))  # ty: ignore[invalid-argument-type]
    assert [str(each) for each in found] == ["somebody@unknown, process 0, since unknown (a.json can't be read)"]
