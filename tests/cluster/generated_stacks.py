"""Stacks drawn by number, most of them near the capacity of their pools, and what the planner says of every pool."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

import yaml

import catalog
from config import Finding, Settings
from planning import Plan, plan_stack
from planning.placement import fits_empty_node, placements
from planning.planner import build
from planning.resolving.resolution import Resolution
from tests.unit import planning_stacks

CATALOG: Final = catalog.load()
# A stack may ask for too much; nothing else may be wrong with it.
TOO_MUCH: Final = frozenset({"PLACE-CAPACITY", "PLACE-NODE"})
_LARGE: Final = {"huggingface": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"}
# The catalog has none for the smallest slices.
_SMALL: Final = {
    "huggingface": "acme/small",
    "revision": "5617a9f61b028005a4858fdac845db406aefb181",
    "weights_gib": 2.3,
    "hf_config": {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "num_hidden_layers": 16,
        "hidden_size": 2048,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "intermediate_size": 8192,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "torch_dtype": "bfloat16",
        "tie_word_embeddings": True,
    },
}
# GPUs of 16 GB and more hold the large model.
_LARGE_FROM_GIB: Final = 30
_MOST_MODELS: Final = 6


class Word(Enum):
    """What the planner says of a pool."""

    PLACEABLE = "every order works"
    IMPOSSIBLE = "no way to place all"
    FRAGMENT = "some order strands a pod"
    UNDECIDED = "search given up"


@dataclass(frozen=True)
class Shape:
    """One way to offer GPUs: the VM size, and how its GPUs are shared."""

    vm_size: str
    gpu: Mapping[str, Any]


SHAPES: Final = (
    Shape("Standard_NC40ads_H100_v5", {}),
    Shape("Standard_NC80adis_H100_v5", {}),
    Shape("Standard_NC96ads_A100_v4", {}),
    Shape("Standard_ND96isr_H100_v5", {}),
    Shape("Standard_NC40ads_H100_v5", {"sharing": "mig", "layout": ["3g.47gb", "3g.47gb"]}),
    Shape("Standard_NC80adis_H100_v5", {"sharing": "mig", "layout": ["4g.47gb", "2g.24gb", "1g.12gb"]}),
    Shape("Standard_NC80adis_H100_v5", {"sharing": "mig", "layouts": [["7g.94gb"], ["3g.47gb", "3g.47gb"]]}),
    Shape("Standard_NC24ads_A100_v4", {"sharing": "mig", "layout": ["3g.40gb", "2g.20gb", "1g.10gb", "1g.10gb"]}),
    Shape("Standard_NC48ads_A100_v4", {"sharing": "mig", "layout": ["4g.40gb", "3g.40gb"]}),
    Shape("Standard_NC80adis_H100_v5", {"sharing": "time-slicing", "replicas": 3}),
    Shape("Standard_NC40ads_H100_v5", {"sharing": "time-slicing", "replicas": 4}),
    Shape("Standard_NC40ads_H100_v5", {"sharing": "time-slicing", "replicas": 2, "layout": ["3g.47gb", "3g.47gb"]}),
)


@dataclass(frozen=True)
class GeneratedStack:
    """One stack: the sections that were drawn, on top of the development stack."""

    number: int
    pools: tuple[dict[str, Any], ...]
    models: tuple[dict[str, Any], ...]

    @cached_property
    def settings(self) -> Settings:
        """The whole stack."""
        return planning_stacks.settings({"pools": list(self.pools), "models": list(self.models)})

    @cached_property
    def resolution(self) -> Resolution:
        """The stack looked up in the catalog."""
        return Resolution(self.settings, CATALOG)

    @cached_property
    def plan(self) -> Plan:
        """What would be built; of a stack that asks for too much, what the planner refuses to build."""
        stack = self.resolution.complete()
        assert stack is not None
        return build(stack)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What every rule says."""
        return plan_stack(self.settings, CATALOG).findings

    @cached_property
    def words(self) -> dict[str, Word]:
        """What the planner says of every pool, by name."""
        too_large = {workload.pool.name for workload in self.resolution.workloads if not fits_empty_node(workload)}
        return {
            name: Word.IMPOSSIBLE if name in too_large else _word(loaded.verdict.fits, loaded.verdict.every_order)
            for name, loaded in placements(self.resolution).items()
        }

    def yaml(self) -> str:
        """The sections as a stack file has them."""
        return yaml.safe_dump({"pools": list(self.pools), "models": list(self.models)}, sort_keys=False)


def _word(fits: bool | None, every_order: bool | None) -> Word:
    if fits is False:
        return Word.IMPOSSIBLE
    if fits is None or every_order is None:
        return Word.UNDECIDED
    return Word.PLACEABLE if every_order else Word.FRAGMENT


def generated(count: int) -> list[GeneratedStack]:
    """The stacks numbered from 0; a number always gives the same stack."""
    return [_drawn(number) for number in range(count)]


def _drawn(number: int) -> GeneratedStack:
    draw = random.Random(number)  # noqa: S311 - a sequence that repeats, no secret
    shape = SHAPES[number % len(SHAPES)]
    pools = [_pool(draw, f"a{number}", shape)]
    if draw.random() < 0.3:
        pools.append(_pool(draw, f"b{number}", shape))
        if draw.random() < 0.5:
            pools[1]["capacity"] = "spot"
    return GeneratedStack(number, tuple(pools), tuple(_models(draw, pools, shape)))


def _pool(draw: random.Random, name: str, shape: Shape) -> dict[str, Any]:
    most = draw.choice((1, 1, 2, 2, 3, 4))
    least = draw.randint(1, most)
    if len({name for layout in (shape.gpu.get("layouts") or [shape.gpu.get("layout", ())]) for name in layout}) > 1:
        # Of several profiles a pool never grows, and with four such nodes in two pools the autoscaler would stop.
        least = most = min(most, 2) if name.startswith("a") else 1
    pool = planning_stacks.pool(name, vm_size=shape.vm_size, gpu=dict(shape.gpu), nodes={"min": least, "max": most})
    if draw.random() < 0.2:
        pool["taints"] = ["team=research:NoSchedule"]
    if draw.random() < 0.3:
        pool["os_disk_gib"] = draw.choice((192, 256, 384))
    return pool


def _models(draw: random.Random, pools: list[dict[str, Any]], shape: Shape) -> list[dict[str, Any]]:
    """Models until a share of the pools' devices, drawn from too few to too many, is requested."""
    offered = Resolution(planning_stacks.settings({"pools": pools}), CATALOG).pools
    wanted = draw.choice((0.7, 0.9, 1.0, 1.0, 1.0, 1.15))
    left = {
        (view.name, device.kind): max(1.0, wanted * device.per_node * view.settings.nodes.max)
        for view in offered
        for device in view.devices
    }
    models: list[dict[str, Any]] = []
    while len(models) < _MOST_MODELS:
        open_ = [key for key, amount in left.items() if amount >= 1 and not _is_spot(pools, key[0])]
        if not open_:
            break
        name, kind = draw.choice(open_)
        view = next(pool for pool in offered if pool.name == name)
        device = next(device for device in view.devices if device.kind == kind)
        ranks = draw.choice([1, 1, 2, 4, 8][: 2 + device.per_node.bit_length() - 1]) if not shape.gpu else 1
        most = min(draw.choice((1, 1, 2, 3, 4)), max(1, round(left[name, kind] / ranks)))
        least = draw.randint(1, most) if draw.random() < 0.5 else most
        model = planning_stacks.model(
            f"m{len(models)}",
            name,
            source=dict(_LARGE if device.share_gib > _LARGE_FROM_GIB else _SMALL),
            context=4096,
            replicas={"min": least, "max": most},
        )
        if kind != "whole":
            model["slice"] = kind
        if ranks > 1:
            model["engine"] = {"tensor_parallel": ranks}
        if view.offer is not None and draw.random() < 0.55:
            part = (
                draw.choice((0.4, 0.7, 1.0, 1.0, 1.3, 1.8, 2.5))
                * ranks
                / sum(device.per_node for device in view.devices)
            )
            cores, gib = view.offer.cpu_millicores // 1000, view.offer.memory_mib // 1024
            model["resources"] = {
                "cpu": max(4, min(cores, int(cores * part))),
                "memory_gib": max(10 + 7 * ranks + 8, min(gib, int(gib * part * draw.choice((0.6, 1.0))))),
            }
        on_floor = most
        if view.index == 0 and len(pools) > 1 and most > 1 and draw.random() < 0.8:
            on_floor = min(least, most - 1)
            model |= {"pool": [name, pools[1]["name"]], "replicas": {"min": on_floor, "max": most}}
            left[pools[1]["name"], kind] -= (most - on_floor) * ranks
        left[name, kind] -= on_floor * ranks
        used = [model["pool"]] if isinstance(model["pool"], str) else model["pool"]
        if any(pool.get("taints") for pool in pools if pool["name"] in used):
            model["tolerates"] = ["team"]
        models.append(model)
    return models


def _is_spot(pools: list[dict[str, Any]], name: str) -> bool:
    """Whether a pool takes only what comes on top of a floor elsewhere."""
    return any(pool.get("capacity") == "spot" for pool in pools if pool["name"] == name)
