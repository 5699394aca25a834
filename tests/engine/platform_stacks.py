"""The platform's stacks for the engine tests: their settings as data, the world that they expect to find."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine import Engine
from tests import stack_files

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "__main__.py"
PROJECT = "llm-platform"
STACKS = stack_files.STACKS


def settings(stack: str) -> dict[str, Any]:
    """The `config` of a shipped stack or an example: a copy that a test may change."""
    return yaml.safe_load(stack_files.stack_file(stack).read_text())["config"]


def section(config: Mapping[str, Any], name: str) -> Any:
    """One section of the settings."""
    return config[f"{PROJECT}:{name}"]


def crd_groups() -> dict[str, list[str]]:
    """API groups that each chart of the catalog brings, by the chart's plain name."""
    entries = yaml.safe_load((REPOSITORY / "catalog" / "charts.yaml").read_text())["entries"]
    return {
        str(entry["chart"]).rpartition("/")[2]: list(entry.get("crd_groups") or [])
        for entry in entries.values()
        if entry.get("chart")
    }


def engine_for(stack: str, directory: Path, arm: Path, *, shortcuts: bool = False) -> Engine:
    """An engine whose sign-in is the stack's subscription, with the network from where a private stack is updated."""
    platform = section(settings(stack), "platform")
    subscription = platform["subscription_id"]
    engine = Engine(directory, arm=arm, crd_groups=crd_groups(), subscription=subscription, shortcuts=shortcuts)
    runner_network = section(settings(stack), "cluster")["api_server"].get("runner_vnet")
    if runner_network:
        engine.azure.has("network:VirtualNetwork", runner_network, platform["region"])
    return engine
