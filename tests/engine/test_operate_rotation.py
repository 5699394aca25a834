"""Keys and pools are rotated while everything goes on: at every moment a client's key is valid, and a pool is there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operate.problems import CannotOperateError
from operate.rotation import begin_keys, finish_keys, rotate_pool
from operate.updating import Operator
from tests.engine.operated import Operated, watching
from tests.engine.platform_stacks import engine_for
from tests.stack_files import stack_file

pytestmark = pytest.mark.engine


@pytest.fixture
def stack(tmp_path: Path, arm: Path, engine_binary: Path) -> Iterator[Operated]:
    del engine_binary
    with engine_for("dev", tmp_path, arm, shortcuts=True) as engine:
        made = Operated(engine, "dev", stack_file("dev"))
        # As people write it, comments included, with the salt that the CLI has added.
        salt = next(line for line in made.file.read_text().splitlines() if line.startswith("encryptionsalt:"))
        made.file.write_text(f"{stack_file('dev').read_text()}{salt}\n")
        assert made.up()
        yield made


def keys(stack: Operated) -> dict[str, str]:
    """The secret of the vault behind each name of a client's key, as the cluster has it now; empty if it has none."""
    (cluster,) = stack.engine.cloud.clusters.values()
    found = [
        inputs
        for key, inputs in cluster.objects.items()
        if (key.kind, key.name) == ("ExternalSecret", "gateway-api-keys")
    ]
    return {entry["secretKey"]: entry["remoteRef"]["key"] for inputs in found for entry in inputs["spec"]["data"]}


def in_vault(stack: Operated) -> set[str]:
    """The secrets of the vault that the stack has written."""
    return {each.inputs["secretName"] for each in stack.engine.cloud.azure if each.token == "keyvault:Secret"}


def test_keys_are_rotated_without_a_cut(stack: Operated) -> None:
    comment = "# The development stack"
    seen: list[dict[str, str]] = []
    vault: list[set[str]] = []

    def look(method: str, type_: str) -> None:
        del method, type_
        seen.append(keys(stack))
        vault.append(in_vault(stack))

    assert keys(stack) == {"playground": "key-playground"}
    with watching(stack.engine, look, done=True), stack.engine.leaving_out():
        assert begin_keys(stack.operator(), "playground")
    # The old key is there at every moment, and the new one is in the vault before the cluster asks for it.
    assert all("key-playground" in each.values() for each in seen)
    assert all("key-playground-2" in held for each, held in zip(seen, vault, strict=True) if len(each) > 1)
    assert keys(stack) == {"playground": "key-playground-2", "playground.2": "key-playground"}
    shown = "".join(stack.screen.lines) + str(stack.screen.documents)
    stack.is_complete()
    # Whoever may open the stack's secrets reads the new key; nothing shows it.
    value = stack.stack.ask("config", "get", "llm-platform:key-playground-2").strip()
    assert len(value) == 48
    assert value not in shown
    assert value not in stack.file.read_text()
    assert value not in stack.run.saved_state()
    with pytest.raises(CannotOperateError, match="playground has two keys already"):
        begin_keys(stack.operator(), None)
    seen.clear()
    with watching(stack.engine, look, done=True), stack.engine.leaving_out():
        assert finish_keys(stack.operator(), None)
    assert all("key-playground-2" in each.values() for each in seen)
    assert keys(stack) == {"playground": "key-playground-2"}
    text = stack.file.read_text()
    assert text.startswith(comment)
    assert "key_secret: key-playground-2}" in text
    assert stack.run.preview().is_quiet


def test_a_pool_is_rotated_beside_the_old_one(stack: Operated) -> None:
    def pools() -> list[str]:
        tokens = "containerservice:AgentPool"
        return [str(each.inputs["agentPoolName"]) for each in stack.engine.cloud.azure if each.token == tokens]

    (old,) = [name for name in pools() if name.startswith("h100")]
    there: list[list[str]] = []
    writes: list[tuple[str, str]] = []

    def look(method: str, type_: str) -> None:
        there.append(pools())
        writes.append((method, type_))

    with watching(stack.engine, look, done=True), stack.engine.leaving_out():
        assert rotate_pool(stack.operator(), "h100", {})
    (new,) = [name for name in pools() if name.startswith("h100")]
    assert new != old
    assert all(old in each or new in each for each in there)
    pool = "azure-native:containerservice:AgentPool"
    made, ended = writes.index(("create", pool)), writes.index(("delete", pool))
    moved = [place for place, (_, type_) in enumerate(writes) if type_ == "kubernetes:apps/v1:Deployment"]
    assert moved
    assert made < min(moved)
    assert max(moved) < ended
    assert "generation: 1" in stack.file.read_text()
    stack.is_complete()


def test_a_refused_edit_changes_neither_file_nor_stack(stack: Operated) -> None:
    before: tuple[Any, ...] = (stack.file.read_text(), stack.run.saved_state())
    with pytest.raises(Exception, match="would be rejected"):
        rotate_pool(stack.operator(), "h100", {"vm_size": "Standard_Nothing"})
    with pytest.raises(Exception, match="terminal"):
        rotate_pool(stack.operator(yes=False), "h100", {})
    assert (stack.file.read_text(), stack.run.saved_state()) == before
    with pytest.raises(CannotOperateError, match="has two keys"):
        finish_keys(stack.operator(), None)


@pytest.mark.parametrize("rotate", [begin_keys, lambda operator, _: rotate_pool(operator, "h100", {})])
def test_no_to_the_update_puts_the_file_back(
    stack: Operated, rotate: Callable[[Operator, str | None], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    before: tuple[Any, ...] = (stack.file.read_bytes(), stack.run.saved_state())
    operator, answers = stack.operator(yes=False), [True, False]
    monkeypatch.setattr(operator.screen, "confirm", lambda *_: answers.pop(0))
    with stack.engine.leaving_out():
        assert not rotate(operator, None)
    assert answers == []
    assert (stack.file.read_bytes(), stack.run.saved_state()) == before
    (back,) = stack.screen.of("put back")
    assert back["done"]
