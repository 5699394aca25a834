"""All rules, by subject; importing this package fills the register."""

from planning.checks import cluster, engine, fit, mig, models, money, network, placement, platform, pools, taints
from planning.rules import REGISTER

__all__ = [
    "REGISTER",
    "cluster",
    "engine",
    "fit",
    "mig",
    "models",
    "money",
    "network",
    "placement",
    "platform",
    "pools",
    "taints",
]
