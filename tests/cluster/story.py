"""Named steps of one test; each continues from the state that the one before has left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Step:
    """One step; its name is a sentence."""

    name: str
    run: Callable[[], object]


def run_steps(subtests: pytest.Subtests, steps: Sequence[Step]) -> None:
    """Run steps in their order, each as a subtest; the first that fails ends the test, since the others build on it."""
    for number, step in enumerate(steps, start=1):
        done = False
        with subtests.test(step.name):
            step.run()
            done = True
        if not done:
            not_run = "".join(f"\n  {later.name}" for later in steps[number:]) or " none"
            pytest.fail(f"step {number} of {len(steps)} failed: {step.name}; steps not run:{not_run}", pytrace=False)
