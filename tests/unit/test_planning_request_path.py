"""Figures of a request's way that follow from the stack file: time for a body, streams, what a proxy holds."""

from typing import Any

import pytest
from msgspec.structs import replace
from planning_stacks import CATALOG
from planning_stacks import settings as loaded

from planning.plan import RequestPathPlan
from planning.resolving.request_path import request_path
from planning.resolving.resolution import Resolution
from planning.rules.bodies import body_holds_context
from planning.rules.request_path import neighbours_in_order

_MIB = 1024 * 1024


def path(changes: dict[str, Any]) -> RequestPathPlan:
    return request_path(Resolution(loaded(changes), CATALOG))


@pytest.mark.parametrize(("context", "body"), [(32_768, 8), (2_000_000, 16), (10_000_000, 128)])
def test_a_client_of_7_megabits_a_second_sends_the_largest_body_in_time(context: int, body: int) -> None:
    listener = path({"models[0].context": context}).listener
    assert listener.body_mib == body
    assert listener.body_seconds >= max(60, body * _MIB * 8 / 7_000_000)


@pytest.mark.parametrize("context", [32_768, 2_000_000, 10_000_000])
def test_a_proxy_drains_for_the_longest_request_and_its_body(context: int) -> None:
    found = path({"models[0].context": context, "gateway.request_timeout_seconds": 700})
    assert found.proxy.drain_seconds >= 700 + found.listener.body_seconds


@pytest.mark.parametrize("context", [32_768, 2_000_000, 10_000_000])
def test_four_connections_full_of_the_largest_bodies_fit_proxy_and_processor(context: int) -> None:
    found = path({"models[0].context": context})
    assert 4 * found.listener.streams * found.listener.body_mib <= found.proxy.bodies_mib
    assert found.proxy.largest_bodies == found.proxy.bodies_mib // found.listener.body_mib


def test_a_pod_gets_longer_than_its_own_teardown() -> None:
    for model in path({}).models:
        server = model.server
        after = server.grace_seconds - server.pre_stop_seconds - server.drain_seconds
        assert after > CATALOG.request_path.server_teardown_seconds
        assert server.liveness_grace_seconds - server.pre_stop_seconds > CATALOG.request_path.server_teardown_seconds


def test_a_context_whose_text_no_proxy_holds_is_to_be_shortened() -> None:
    """The advice is one that helps: with it nothing is reported."""
    (found,) = neighbours_in_order(Resolution(loaded({"models[0].context": 40_000_000}), CATALOG))
    assert found.path == "models[0].context"
    assert found.fix == "write 16777216 or less"
    kept = Resolution(loaded({"models[0].context": 16_777_216}), CATALOG)
    assert list(neighbours_in_order(kept)) == []


def test_a_body_for_which_the_stack_file_allows_no_value_is_to_be_left_out() -> None:
    """128 MiB would be needed, 50 are allowed."""
    stack = {"models[0].context": 10_000_000, "gateway.request_body_mib": 50}
    (found,) = body_holds_context(Resolution(loaded(stack), CATALOG))
    assert found.fix == (
        "leave it out, which allows 128, or write 32 to 50 here and 4194304 or less as models[0].context"
    )
    kept = {"models[0].context": 4_194_304, "gateway.request_body_mib": 32}
    assert list(body_holds_context(Resolution(loaded(kept), CATALOG))) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("load_balancer_idle_minutes", 2), ("load_balancer_longest_idle_minutes", 4), ("proxy_stop_share", 0.8),
     ("load_balancer_probe_seconds", 10), ("proxy_grace_extra_seconds", 0)],
)  # fmt: skip
def test_a_fact_that_breaks_the_order_is_named(field: str, value: float) -> None:
    changed = replace(CATALOG, request_path=replace(CATALOG.request_path, **{field: value}))
    found = list(neighbours_in_order(Resolution(loaded({}), changed)))
    assert found
    assert {violation.fix for violation in found} == {f"correct {field} in catalog/request_path.yaml"}
