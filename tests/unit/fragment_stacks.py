"""Pools on which some order of pods leaves one unschedulable, and similar pools where none does, as plain numbers.

Kept as data so that a real scheduler can be tested with it: nodes of `room`, pods of `pods` in any order. Amounts are
whole devices (GPUs or slices), cores and GiB.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stack:
    """One pool; `pods` maps a name to how many there are and what one takes, in the order of `resources`.

    `every_order` is whether all pods can be scheduled in every order; otherwise `order` strands its last pod: pods with
    the node that each goes to, counted from 0.
    """

    title: str
    resources: tuple[str, ...]
    room: tuple[int, ...]
    nodes: int
    pods: dict[str, tuple[int, tuple[int, ...]]]
    every_order: bool
    order: tuple[tuple[str, int | None], ...] = ()


GPU, CPU, GIB = "nvidia.com/gpu", "cpu", "memory"
S3, S2, S1 = "nvidia.com/mig-3g.47gb", "nvidia.com/mig-2g.24gb", "nvidia.com/mig-1g.12gb"

STACKS = (
    Stack(
        "one small pod on each of two nodes keeps the large one out",
        (GPU,), (2,), 2, {"small": (2, (1,)), "large": (1, (2,))}, every_order=False,
        order=(("small", 0), ("small", 1), ("large", None)),
    ),
    Stack(
        "with a third node one is always free",
        (GPU,), (2,), 3, {"small": (2, (1,)), "large": (1, (2,))}, every_order=True,
    ),
    Stack(
        "two halves of a node each leave a half free on both",
        (GPU,), (8,), 2, {"half": (2, (4,)), "whole": (1, (8,))}, every_order=False,
        order=(("half", 0), ("half", 1), ("whole", None)),
    ),
    Stack(
        "pods of four fill nodes of eight without a gap",
        (GPU,), (8,), 3, {"half": (6, (4,))}, every_order=True,
    ),
    Stack(
        "pods of three never fill a node of eight, and any order works",
        (GPU,), (8,), 2, {"three": (4, (3,))}, every_order=True,
    ),
    Stack(
        "pods of three and of two: two twos on a node leave no room for two threes",
        (GPU,), (8,), 2, {"three": (4, (3,)), "two": (2, (2,))}, every_order=False,
        order=(("two", 0), ("two", 0), ("three", 0), ("three", 1), ("three", 1), ("three", None)),
    ),
    Stack(
        "five small pods, one on each node, keep out a pod of four GPUs though fifteen are free",
        (GPU,), (4,), 5, {"small": (5, (1,)), "large": (1, (4,))}, every_order=False,
        order=(("small", 0), ("small", 1), ("small", 2), ("small", 3), ("small", 4), ("large", None)),
    ),
    Stack(
        "four small pods can't be on five nodes",
        (GPU,), (4,), 5, {"small": (4, (1,)), "large": (1, (4,))}, every_order=True,
    ),
    Stack(
        "GPUs are free everywhere, memory is not",
        (GPU, GIB), (4, 100), 2, {"plain": (3, (1, 30)), "roomy": (1, (1, 80))}, every_order=False,
        order=(("plain", 0), ("plain", 1), ("roomy", None)),
    ),
    Stack(
        "memory for three plain pods beside the roomy one, on every node",
        (GPU, GIB), (4, 170), 1, {"plain": (3, (1, 30)), "roomy": (1, (1, 80))}, every_order=True,
    ),
    Stack(
        "cores run out on one node, GPUs on the other",
        (GPU, CPU), (4, 40), 2, {"gpus": (2, (2, 6)), "cores": (1, (1, 30)), "even": (1, (2, 12))}, every_order=False,
        order=(("cores", 0), ("gpus", 1), ("gpus", 1), ("even", None)),
    ),
    Stack(
        "slices of one kind don't block each other",
        (S3,), (2,), 3, {"chat": (4, (1,)), "embed": (2, (1,))}, every_order=True,
    ),
    Stack(
        "slices of three kinds, cores enough for all: three separate problems, each solved",
        (S3, S2, S1, CPU), (1, 1, 2, 40), 2,
        {"large": (2, (1, 0, 0, 10)), "medium": (2, (0, 1, 0, 10)), "small": (4, (0, 0, 1, 10))}, every_order=True,
    ),
    Stack(
        "slices of two kinds that compete for cores: small ones on one node leave a large slice without cores",
        (S3, S1, CPU), (1, 3, 40), 2, {"large": (2, (1, 0, 25)), "small": (2, (0, 1, 10))}, every_order=False,
        order=(("small", 0), ("small", 0), ("large", 1), ("large", None)),
    ),
    Stack(
        "a pair and its halves: nine of twelve GPUs requested, and the pair may still be unschedulable",
        (GPU,), (4,), 3, {"single": (5, (1,)), "quad": (1, (4,))}, every_order=False,
        order=(("single", 0), ("single", 1), ("single", 2), ("quad", None)),
    ),
)  # fmt: skip
