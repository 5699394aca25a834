"""All rules, by subject; importing this package fills the register."""

from planning.rules import (
    auto,
    cluster,
    engine,
    engine_gpu,
    engine_pairs,
    fit,
    mig,
    models,
    money,
    network,
    placement,
    platform,
    pools,
    rollout,
    sharing,
    taints,
    versions,
)
from planning.rules.register import REGISTER

__all__ = [
    "REGISTER",
    "auto",
    "cluster",
    "engine",
    "engine_gpu",
    "engine_pairs",
    "fit",
    "mig",
    "models",
    "money",
    "network",
    "placement",
    "platform",
    "pools",
    "rollout",
    "sharing",
    "taints",
    "versions",
]
