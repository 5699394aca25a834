"""A protected stack refuses to be destroyed before anything is touched, if a protected guard depends on everything."""

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from rehearsal.engine import Engine, OperationRefusedError, StackRun

pytestmark = pytest.mark.engine
TINY = Path(__file__).with_name("programs") / "tiny.py"
CONFIG = {"tiny:region": "eastus", "tiny:protected": "true"}


class Guard(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("llm-platform:tests:Guard", name, {}, opts)
        self.register_outputs({})


def guarded(*, protect: bool) -> Callable[[], None]:
    def program() -> None:
        made = runpy.run_path(str(TINY)).values()
        everything = [value for value in made if isinstance(value, pulumi.Resource)]
        Guard("guard", pulumi.ResourceOptions(protect=protect, depends_on=everything))

    return program


def resources_of(stack: StackRun) -> Any:
    """The exported resources; a secret is encrypted again at every write, so its text says nothing."""
    text = json.dumps(stack.resources(), sort_keys=True)
    return json.loads(re.sub(r'"ciphertext": "[^"]*"', '"ciphertext": ""', text))


def test_without_a_guard_a_destroy_deletes_before_it_reaches_what_is_protected(engine: Engine) -> None:
    """The trap itself: pools are deleted and the cluster's objects forgotten before the refusal."""
    stack = engine.stack("prod", TINY, CONFIG)
    stack.up()
    with pytest.raises(OperationRefusedError, match="protected") as refused:
        stack.destroy()
    assert [call.type for call in refused.value.outcome.writes()] == ["azure-native:containerservice:AgentPool"]
    assert not any("kubernetes:" in urn for urn in stack.resources())


def test_a_protected_component_refuses_before_anything_is_touched(engine: Engine) -> None:
    stack = engine.stack("prod", guarded(protect=True), CONFIG)
    stack.up()
    before = resources_of(stack)
    with pytest.raises(OperationRefusedError, match="protected") as refused:
        stack.destroy()
    assert refused.value.outcome.writes() == ()
    assert resources_of(stack) == before
    assert stack.preview().is_quiet


def test_a_guard_does_not_hinder_updates(engine: Engine) -> None:
    stack = engine.stack("prod", guarded(protect=True), CONFIG)
    stack.up()
    stack.configure({**CONFIG, "tiny:vm_size": "Standard_NC80adis_H100_v5", "tiny:text": "two"})
    stack.up()
    assert stack.preview().is_quiet


def test_an_unprotected_stack_can_be_destroyed(engine: Engine) -> None:
    stack = engine.stack("prod", guarded(protect=True), CONFIG)
    stack.up()
    stack.program = guarded(protect=False)
    stack.configure({"tiny:region": "eastus"})
    assert stack.up().writes() == ()
    stack.destroy()
    assert engine.cloud.azure == []
