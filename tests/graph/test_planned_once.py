"""A preview plans its stack once: the program takes over the Plan that was judged, and no other."""

import contextlib
import io
from typing import Any

import pytest

import catalog
import config
from planning import Planned, decide, planner
from planning.planner import plan_stack
from preview.__main__ import main
from preview.stack import assessed
from tests.graph.stacks import stack_file

DEV = stack_file("dev").read_text(encoding="utf-8")


def test_a_preview_plans_its_stack_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = []

    def counted(*arguments: Any, **options: Any) -> Planned:
        planned.append(options)
        return plan_stack(*arguments, **options)

    monkeypatch.setattr(planner, "plan_stack", counted)
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["dev"]) == 0
    assert len(planned) == 1


def test_a_program_with_other_settings_plans_them() -> None:
    before = assessed(DEV)
    assert before.plan is not None
    first, *rest = before.file.sections["models"]
    other = config.load({**before.file.sections, "models": [{**first, "concurrency": 3}, *rest]})
    with planner.already_decided(before.plan, before.loaded):
        assert decide(before.loaded, catalog.load()) is before.plan
        assert decide(config.load(before.file.sections), catalog.load()) is before.plan
        assert decide(other, catalog.load()).models[0].releases[0].concurrency == 3
        assert decide(before.loaded, catalog.load(), bootstrap=["key-playground"]).foundation.vault.bootstrap == (
            "key-playground",
        )
    assert decide(before.loaded, catalog.load()) is not before.plan
