"""The longest chain of waits that the rule UP-SIGN-IN adds up is that of the graph's own limits."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import catalog
import config
from planning import decide
from planning.placement.update_path import duration, update_path
from tests.graph.stacks import ALL, Sections, graph_of, sections_of

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
RELEASE = "kubernetes:helm.sh/v3:Release"


def seconds(text: str) -> float:
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)([hms])", text))


def longest(stack: str, change: Callable[[Sections], object] | None) -> float:
    """The most seconds that resources which wait for each other may take, and then the pools that are replaced."""
    graph: Any = graph_of(stack, change)
    inputs = {entry["urn"]: entry["inputs"] for entry in graph.to_json()}
    resources = {resource.urn: resource for resource in graph.resources}

    def limit(urn: str) -> float:
        given = resources[urn].options.custom_timeouts or {}
        own = [seconds(text) for operation, text in given.items() if operation in ("create", "update")]
        # Helm waits by itself.
        return max([*own, float(inputs[urn]["timeout"]) if resources[urn].type == RELEASE else 0.0])

    @cache
    def until(urn: str) -> float:
        options = resources[urn].options
        before = [*options.depends_on, *([options.provider] if options.provider else [])]
        return limit(urn) + max((until(needed) for needed in before), default=0.0)

    pools = {urn for urn in resources if resources[urn].type.endswith(":AgentPool")}

    @cache
    def until_deleted(urn: str) -> float:
        """Of a pool and of those that were made after it."""
        later = [pool for pool in pools if urn in resources[pool].options.depends_on]
        own = seconds((resources[urn].options.custom_timeouts or {})["delete"])
        return own + max((until_deleted(pool) for pool in later), default=0.0)

    return max(until(urn) for urn in resources) + max(until_deleted(pool) for pool in pools)


def five_pools(sections: Sections) -> None:
    """Pools that no model needs wait for each other too."""
    for index in range(5):
        sections["pools"].append({**sections["pools"][0], "name": f"spare{index}", "nodes": {"min": 1, "max": 1}})


def slow_first_model(sections: Sections) -> None:
    sections["models"][0]["start_minutes"] = 120


def long_requests(sections: Sections) -> None:
    sections["gateway"]["request_timeout_seconds"] = 7200


@pytest.mark.parametrize("stack", ALL)
def test_the_plans_longest_path_is_the_graphs(stack: str) -> None:
    plan = decide(config.load(sections_of(stack)), catalog.load())
    assert duration(update_path(plan)) == longest(stack, None)


@pytest.mark.parametrize("change", [five_pools, slow_first_model, long_requests])
def test_also_after_a_change(change: Callable[[Sections], None]) -> None:
    sections = sections_of("dev")
    change(sections)
    assert duration(update_path(decide(config.load(sections), catalog.load()))) == longest("dev", change)
