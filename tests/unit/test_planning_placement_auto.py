"""`pool: auto` takes the cheapest pool that runs the model and has room, and reports why, in any order of models."""

from itertools import permutations
from typing import Any

import pytest
from planning_stacks import CATALOG, model, planned, pool
from planning_stacks import settings as loaded

from config import Finding
from planning import Planned
from planning.plan import ExtendedResource
from planning.planner import plan_stack

T4, A100, H100 = "Standard_NC64as_T4_v3", "Standard_NC24ads_A100_v4", "Standard_NC80adis_H100_v5"


def chosen(outcome: Planned, name: str) -> str:
    assert outcome.plan is not None, outcome.findings
    return next(served.workloads[0].pool for served in outcome.plan.models if served.name == name)


def findings(outcome: Planned, rule: str) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.rule == rule]


def stack(*pools: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """More pools beside the development stack's slices, which are full, and a model with `pool: auto`."""
    return {
        "pools[0].nodes": {"min": 1, "max": 2},
        **{f"pools[{index}]": added for index, added in enumerate(pools, start=1)},
        "models[2]": model("more", "auto", **changes),
    }


def test_the_cheapest_pool_that_runs_the_model_is_chosen() -> None:
    """USD/h per GPU in East US: T4 1.09, but no bfloat16; A100 3.67; H100 8.82."""
    outcome = planned(stack(pool("fast", vm_size=H100), pool("plain", vm_size=A100), pool("cheap", vm_size=T4)))
    assert chosen(outcome, "more") == "plain"
    (found,) = findings(outcome, "POOL-AUTO")
    assert found.path == "models[2].pool"
    assert "3.67 USD/h per device" in found.message
    assert "`cheap` is refused by ENGINE-DTYPE" in found.message
    assert "`h100` has no room" in found.message
    assert found.fix.startswith("write pool: plain")


def test_a_slice_is_priced_by_its_part_of_the_memory() -> None:
    """Half an H100 at 6.98 costs less than a whole A100 at 3.67."""
    outcome = planned(stack(pool("plain", vm_size=A100)) | {"pools[0].nodes.max": 3})
    assert chosen(outcome, "more") == "h100"
    assert "3.49 USD/h" in findings(outcome, "POOL-AUTO")[0].message


def test_of_several_kinds_of_slices_the_smallest_that_holds_the_model_is_chosen() -> None:
    layout = {"sharing": "mig", "layout": ["3g.47gb", "2g.24gb", "1g.12gb", "1g.12gb"]}
    mixed = pool("mixed", vm_size="Standard_NC40ads_H100_v5", gpu=layout, nodes={"min": 1, "max": 1})
    outcome = planned(stack(mixed))
    assert outcome.plan is not None
    (place,) = next(served.workloads for served in outcome.plan.models if served.name == "more")
    assert (place.pool, place.request) == (
        "mixed",
        ExtendedResource(name="nvidia.com/mig-2g.24gb", count=1, device="2g.24gb"),
    )


def test_a_pool_without_room_is_passed_over() -> None:
    pools = pool("plain", vm_size=A100, nodes={"min": 1, "max": 1}), pool("fast", vm_size=H100)
    outcome = planned(stack(*pools) | {"models[3]": model("named", "plain")})
    assert chosen(outcome, "more") == "fast"
    assert "`plain` has no room" in findings(outcome, "POOL-AUTO")[0].message


def test_a_pool_has_room_only_if_every_order_works() -> None:
    """A pair and a single on two machines of two GPUs would fit, unless a second single took the other machine."""
    pairs = {"engine": {"tensor_parallel": 2}}
    singles = {"models[3]": model("named", "tight", replicas={"min": 2, "max": 2})}
    pools = (
        pool("tight", vm_size="Standard_NC48ads_A100_v4", nodes={"min": 1, "max": 2}),
        pool("wide", vm_size="Standard_NC80adis_H100_v5", nodes={"min": 1, "max": 2}),
    )
    assert chosen(planned(stack(*pools, **pairs)), "more") == "tight"
    assert chosen(planned(stack(*pools, **pairs) | singles), "more") == "wide"


def test_without_room_anywhere_the_cheapest_is_chosen_and_capacity_reported() -> None:
    pools = pool("plain", vm_size=A100, nodes={"min": 1, "max": 1}), pool("fast", vm_size=H100)
    outcome = planned(stack(*pools, replicas={"min": 1, "max": 9}))
    assert "models[2].replicas.max" in {finding.path for finding in findings(outcome, "PLACE-CAPACITY")}
    assert "no pool has room for it" in findings(outcome, "POOL-AUTO")[0].message


def test_an_unknown_price_comes_last_and_is_reported() -> None:
    known, unknown = pool("plain", vm_size=H100), pool("newest", vm_size="Standard_ND96isr_H200_v5")
    assert chosen(planned(stack(unknown, known)), "more") == "plain"
    outcome = planned(stack(unknown))
    assert chosen(outcome, "more") == "newest"
    assert "at a price that is not in the catalog" in findings(outcome, "POOL-AUTO")[0].message


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"engine": {"tensor_parallel": 4}}, "TP-DEVICES"),
        ({"resources": {"cpu": 400, "memory_gib": 64}}, "PLACE-NODE"),
        ({"source": {**model("", "")["source"], "huggingface": "Qwen/Qwen3-32B"}, "concurrency": 99}, "FIT-"),
    ],
)
def test_where_no_pool_runs_it_the_finding_gives_the_reason_for_each_pool(change: dict[str, Any], rule: str) -> None:
    outcome = planned(stack(pool("fast", vm_size=H100), **change))
    assert outcome.plan is None
    (found,) = findings(outcome, "POOL-AUTO-NONE")
    assert "`fast`: " in found.message
    assert rule in found.message
    assert not findings(outcome, "POOL-UNKNOWN")


def test_spot_and_tainted_pools_and_other_classes_are_not_chosen() -> None:
    pools = (
        pool("spot", vm_size=A100, capacity="spot"),
        pool("team", vm_size=A100, taints=["team=research:NoSchedule"]),
        pool("tuning", vm_size=A100, **{"class": "fine-tuning"}),
        pool("fast", vm_size=H100),
    )
    outcome = planned(stack(*pools))
    assert chosen(outcome, "more") == "fast"
    message = findings(outcome, "POOL-AUTO")[0].message
    for refused in (
        "`spot` is refused by SPOT-FLOOR",
        "`team` is refused by PLACE-TAINT",
        "`tuning` is refused by POOL",
    ):
        assert refused in message


def test_the_order_of_the_stack_file_changes_nothing() -> None:
    """Three models for two pools with room for two and one: who gets which follows from size and name alone."""
    changes = stack(
        pool("plain", vm_size=A100, nodes={"min": 1, "max": 2}), pool("fast", vm_size=H100, nodes={"min": 1, "max": 1})
    )
    for index, name in ((3, "other"), (4, "third")):
        changes[f"models[{index}]"] = model(name, "auto")
    settings = loaded(changes)
    outcomes = set()
    for models in permutations(settings.models[2:]):
        for pools in permutations(settings.pools):
            turned = settings.model_copy(update={"models": (*settings.models[:2], *models), "pools": pools})
            outcome = plan_stack(turned, CATALOG)
            outcomes.add(tuple(chosen(outcome, name) for name in ("more", "other", "third")))
    assert outcomes == {("plain", "plain", "fast")}
