"""`pool: auto` against its definition: every candidate tried by itself, every order of pods simulated."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from placement_by_trying import can_place_all, can_strand, problem_of
from planning_stacks import CATALOG, model, pool
from planning_stacks import settings as loaded

from config import Settings
from config.models import ModelSettings
from planning.placement import fits_empty_node
from planning.placement.auto import resolve
from planning.placement.candidates import Objections, PlacementCandidate, candidates
from planning.placement.pool_fill import PoolFill
from planning.placement.pools import empty_node, load
from planning.placement.problem import Effort
from planning.placement.verdict import Proofs
from planning.planner import plan_stack
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload
from planning.rules import REGISTER
from planning.rules.register import PlacementRule, PoolRule, placement_errors, pool_errors

OBJECTIONS = Objections(pool_errors, placement_errors)
A100_1, A100_2, A100_4, H100_2, T4 = (
    "Standard_NC24ads_A100_v4",
    "Standard_NC48ads_A100_v4",
    "Standard_NC96ads_A100_v4",
    "Standard_NC80adis_H100_v5",
    "Standard_NC64as_T4_v3",
)
MIXED = {"sharing": "mig", "layout": ["3g.47gb", "2g.24gb", "1g.12gb", "1g.12gb"]}
SHAPES: tuple[dict[str, Any], ...] = (
    {"vm_size": A100_2}, {"vm_size": A100_2}, {"vm_size": A100_4}, {"vm_size": H100_2}, {"vm_size": A100_1},
    {"vm_size": T4}, {"vm_size": "Standard_NC40ads_H100_v5", "gpu": MIXED}, {"vm_size": H100_2, "capacity": "spot"},
)  # fmt: skip
SIZES: tuple[dict[str, Any] | None, ...] = (None, None, {"cpu": 20, "memory_gib": 64}, {"cpu": 8, "memory_gib": 250})


@st.composite
def stacks(draw: st.DrawFn) -> Settings:
    """Up to three pools of one or two nodes, and up to six models of one or two replicas, most with `pool: auto`."""
    pools = [
        pool(f"p{index}", nodes={"min": 1, "max": draw(st.integers(1, 2))}, **draw(st.sampled_from(SHAPES)))
        for index in range(draw(st.integers(1, 3)))
    ]
    models = []
    for index in range(draw(st.integers(1, 6))):
        on = draw(st.sampled_from(("auto", "auto", *(shape["name"] for shape in pools))))
        changes: dict[str, Any] = {"replicas": {"min": 1, "max": draw(st.integers(1, 2))}}
        changes["engine"] = {"tensor_parallel": draw(st.sampled_from((1, 1, 2)))}
        resources = draw(st.sampled_from(SIZES))
        models.append(model(f"m{index}", on, **changes, **({"resources": resources} if resources else {})))
    return loaded({"pools": pools, "models": models})


def by_definition(stack: Settings) -> tuple[ModelSettings, ...]:
    """The models with their pools, each chosen by trying all candidates from the cheapest, without any cache."""
    resolution = Resolution(stack, CATALOG)
    models = list(stack.models)
    taken = [workload for workload in resolution.workloads if fits_empty_node(workload)]
    waiting = [index for index, served in enumerate(models) if served.pool == "auto"]
    for index in sorted(waiting, key=lambda at: (-tensor(models[at]), -models[at].replicas.max, models[at].name)):
        open_ = [
            (candidate, workload_of(resolution, index, candidate))
            for candidate in candidates(resolution, OBJECTIONS)
            if runs(stack, models[index], candidate)
        ]
        problems = [
            load(candidate.pool, [*(placed for placed in taken if placed.pool == candidate.pool), workload]).problem
            for candidate, workload in open_
        ]
        with_room = [pair for pair, problem in zip(open_, problems, strict=True) if not can_strand(problem)]
        placeable = [pair for pair, problem in zip(open_, problems, strict=True) if can_place_all(problem)]
        chosen: tuple[PlacementCandidate, Workload] | None = next(iter([*with_room, *placeable, *open_]), None)
        if chosen is not None:
            models[index] = chosen[0].apply_to(models[index])
            taken.append(chosen[1])
    return tuple(models)


def workload_of(stack: Resolution, index: int, candidate: PlacementCandidate) -> Workload:
    found = candidate.place(stack, stack.releases[index]).workload
    assert found is not None
    return found


def tensor(served: ModelSettings) -> int:
    return served.engine.tensor_parallel


def runs(stack: Settings, served: ModelSettings, candidate: PlacementCandidate) -> bool:
    """Whether no rule about pools or placement objects to a stack of this model on this pool alone."""
    alone = stack.model_copy(update={"pools": (candidate.pool.settings,), "models": (candidate.apply_to(served),)})
    return not any(
        found.severity == "error" and isinstance(REGISTER[found.rule], PoolRule | PlacementRule)
        for found in plan_stack(alone, CATALOG).findings
    )


@settings(max_examples=200)
@given(stacks())
def test_pools_are_chosen_as_the_definition_says(stack: Settings) -> None:
    assert resolve(Resolution(stack, CATALOG), OBJECTIONS).settings.models == by_definition(stack)


SMALL: dict[str, Any] = {
    "source": {
        "huggingface": "acme/small",
        "revision": "5617a9f61b028005a4858fdac845db406aefb181",
        "weights_gib": 2.3,
        "hf_config": {
            "model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "num_attention_heads": 32,
            "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 8192, "vocab_size": 128256,
            "max_position_embeddings": 131072, "torch_dtype": "float16",
        },
    }
}  # fmt: skip


def test_a_pool_whose_gpu_has_no_kernel_for_the_cache_is_refused() -> None:
    pools = [pool("t4", vm_size=T4), pool("a100", vm_size=A100_1)]
    stack = {"pools": pools, "models": [model("chat", "auto", **SMALL, engine={"kv_cache_dtype": "fp8"})]}
    outcome = plan_stack(loaded(stack), CATALOG)
    assert outcome.plan is not None
    assert outcome.plan.models[0].workloads[0].pool == "a100"
    assert any("`t4` is refused by ENGINE-KV-FORMAT" in found.message for found in outcome.findings)


SHARED = {"sharing": "time-slicing", "replicas": 2}
OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"kv_cache_dtype": "fp8"}, {"gpu_memory_utilization": 0.6}, {"tensor_parallel": 2},
    {"args": {"quantization": "mxfp4"}}, {"args": {"max-num-seqs": 4096}},
)  # fmt: skip


@st.composite
def single_auto(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Up to three pools, up to two models that name theirs, and a last one with `pool: auto`."""
    shapes = (*SHAPES, {"vm_size": A100_1, "gpu": SHARED}, {"vm_size": T4, "gpu": SHARED})
    pools = [
        pool(f"p{index}", nodes={"min": 1, "max": draw(st.integers(1, 2))}, **draw(st.sampled_from(shapes)))
        for index in range(draw(st.integers(1, 3)))
    ]
    models = []
    names = [shape["name"] for shape in pools]
    for index, on in enumerate((*draw(st.lists(st.sampled_from(names), max_size=2)), "auto")):
        changes: dict[str, Any] = {"replicas": {"min": 1, "max": draw(st.integers(1, 2))}}
        changes["engine"] = draw(st.sampled_from(OPTIONS))
        models.append(model(f"m{index}", on, **changes, **draw(st.sampled_from(({}, SMALL)))))
    return pools, models


@settings(max_examples=60, deadline=None)
@given(single_auto())
def test_what_auto_rejects_every_single_pool_rejects(
    stack: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    pools, models = stack
    if plan_stack(loaded({"pools": pools, "models": models}), CATALOG).plan is not None:
        return
    view = Resolution(loaded({"pools": pools, "models": models}), CATALOG)
    for on in view.pools:
        for device in on.devices:
            named = {**models[-1], "pool": on.name, **({"slice": device.kind} if on.is_mig else {})}
            outcome = plan_stack(loaded({"pools": pools, "models": [*models[:-1], named]}), CATALOG)
            assert outcome.plan is None, named


def test_equal_models_share_one_cache_and_may_get_different_pools() -> None:
    """Five copies of one model: the cheapest pool takes two, the next two more, and the last has no room anywhere."""
    pools = [
        pool("plain", vm_size=A100_1, nodes={"min": 1, "max": 2}),
        pool("fast", vm_size=H100_2, nodes={"min": 1, "max": 1}),
    ]
    stack = loaded({"pools": pools, "models": [model(f"m{index}", "auto") for index in range(5)]})
    outcome = resolve(Resolution(stack, CATALOG), OBJECTIONS)
    assert [served.pool for served in outcome.settings.models] == ["plain", "plain", "fast", "fast", "plain"]
    assert [choice.has_room for choice in outcome.choices] == [True, True, True, True, False]
    assert outcome.choices[4].full == ()
    assert outcome.choices[3].full == ("`plain`",)


@settings(max_examples=200)
@given(
    st.integers(1, 2),
    st.lists(st.tuples(st.sampled_from((1, 1, 2, 3)), st.integers(1, 3), st.booleans()), min_size=1, max_size=6),
)
def test_a_pool_that_fills_up_agrees_with_exhaustive_search(nodes: int, groups: list[tuple[int, int, bool]]) -> None:
    """Machines of four GPUs; groups with room are added, others where the example says so."""
    view = Resolution(
        loaded({"pools[0]": pool("h100", vm_size=A100_4, nodes={"min": 1, "max": nodes})}), CATALOG
    ).pools[0]
    filling = PoolFill(view, Proofs(Effort.STEPS))
    placed: list[tuple[tuple[int, ...], int]] = []
    for index, (gpus, pods, stays) in enumerate(groups):
        takes = (gpus, 1000, 1024, 1024, 1)
        problem = problem_of(empty_node(view), nodes, *placed, (takes, pods))
        has_room = filling.has_room(takes, pods, f"m{index}")
        assert has_room is not can_strand(problem)
        assert filling.fits(takes, pods, f"m{index}") is can_place_all(problem)
        if has_room or (stays and sum(count for _, count in placed) < 8):
            filling.add(takes, pods, f"m{index}")
            placed.append((takes, pods))
