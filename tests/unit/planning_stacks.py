"""The development stack with some values changed, for tests of the planner."""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import catalog
import config
from catalog import Catalog
from config import Settings
from config.stackfile import parse
from planning import Plan, Planned, plan_stack
from tests.places import nowhere

ROOT = Path(__file__).resolve().parents[2]
CATALOG = catalog.load()
DROP = object()
Sections = dict[str, Any]
_SHIPPED = parse((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")).sections

SHIPPED_MODELS: list[dict[str, Any]] = _SHIPPED["models"]


def changed(changes: Mapping[str, Any]) -> Sections:
    """The sections of the development stack with values at paths such as `pools[0].gpu.layout`; DROP removes a key.

    A path one past the end of a list appends to it.
    """
    sections = deepcopy(_SHIPPED)
    for path, value in changes.items():
        steps = [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", path)]
        holder: Any = sections
        for step in steps[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
        if value is DROP:
            del holder[steps[-1]]
        elif isinstance(holder, list) and steps[-1] == len(holder):
            holder.append(deepcopy(value))
        else:
            holder[steps[-1]] = deepcopy(value)
    return sections


def settings(changes: Mapping[str, Any]) -> Settings:
    loaded = config.load(changed(changes))
    assert loaded.problems == ()
    assert loaded.settings is not None
    return loaded.settings


def planned(
    changes: Mapping[str, Any],
    bootstrap: tuple[str, ...] = (),
    today: str | None = None,
    knowing: Catalog = CATALOG,
) -> Planned:
    """The outcome, whose findings all point to places that a stack file has."""
    outcome = plan_stack(settings(changes), knowing, bootstrap=bootstrap, today=today)
    assert nowhere(outcome.findings) == []
    return outcome


def plan(changes: Mapping[str, Any]) -> Plan:
    outcome = planned(changes)
    assert outcome.plan is not None, outcome.findings
    return outcome.plan


def pool(name: str, **differences: Any) -> dict[str, Any]:
    """Another pool: whole GPUs of a two-GPU machine, unless settings say otherwise."""
    return {
        "name": name,
        "class": "inference",
        "vm_size": "Standard_NC80adis_H100_v5",
        "nodes": {"min": 1, "max": 2},
        **differences,
    }


def model(name: str, on: str | list[str], **differences: Any) -> dict[str, Any]:
    """Another model, small enough for every device of the catalog that takes it."""
    return {
        "name": name,
        "source": {"huggingface": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"},
        "pool": on,
        "context": 8192,
        "concurrency": 1,
        "replicas": {"min": 1, "max": 1},
        **differences,
    }
