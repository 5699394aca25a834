"""Shared GPUs and different MIG layouts in the graph: labels of pools, configurations of the chart, shares of pods."""

from pathlib import Path
from typing import Any

import pytest

from simulators.helm.chart_values import unknown_paths
from tests.graph.stacks import Entry, Sections, graph_of

MODEL = {
    "name": "more",
    "source": {"huggingface": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"},
    "pool": "other",
    "context": 8192,
    "replicas": {"min": 1, "max": 1},
}
POOL = {"name": "other", "class": "inference", "nodes": {"min": 1, "max": 1}}
ONE, TWO = "Standard_NC40ads_H100_v5", "Standard_NC80adis_H100_v5"
CASES: dict[str, dict[str, Any]] = {
    "time-slicing": {"vm_size": ONE, "gpu": {"sharing": "time-slicing", "replicas": 2}},
    "mps": {"vm_size": TWO, "gpu": {"sharing": "mps", "replicas": 3}},
    "sliced": {"vm_size": ONE, "gpu": {"sharing": "time-slicing", "replicas": 2, "layout": ["7g.94gb"]}},
    "layouts": {"vm_size": TWO, "gpu": {"sharing": "mig", "layouts": [["7g.94gb"], ["7g.94gb"]]}},
    "different": {"vm_size": TWO, "gpu": {"sharing": "mig", "layouts": [["3g.47gb"], ["3g.47gb", "3g.47gb"]]}},
}
RESOURCES = {
    "time-slicing": "nvidia.com/gpu.shared",
    "mps": "nvidia.com/gpu.shared",
    "sliced": "nvidia.com/mig-7g.94gb.shared",
    "layouts": "nvidia.com/mig-7g.94gb",
    "different": "nvidia.com/mig-3g.47gb",
}


def entries(case: str) -> list[Entry]:
    def change(sections: Sections) -> None:
        sections["pools"].append({**POOL, **CASES[case]})
        sections["models"].append(MODEL)

    return list(graph_of("dev", change).to_json())


def one(found: list[Entry], kind: str, name: str) -> Any:
    (entry,) = [entry for entry in found if entry["type"] == kind and name in entry["name"]]
    return entry["inputs"]


@pytest.mark.parametrize("case", CASES)
def test_pool_chart_and_pod_agree_on_the_share(case: str, reference: Path) -> None:
    found = entries(case)
    values = one(found, "kubernetes:helm.sh/v3:Release", "gpu-operator")["values"]
    assert unknown_paths("gpu-operator", values, reference / "charts") == []
    pool = one(found, "azure-native:containerservice:AgentPool", "pool-other")
    sharing = pool["nodeLabels"].get("nvidia.com/device-plugin.config")
    plugin = values.get("devicePlugin", {}).get("config", {"data": {}})
    assert (sharing is not None) == RESOURCES[case].endswith(".shared")
    assert set(plugin["data"]) == ({"plain", sharing} if sharing else set())
    layout = pool["nodeLabels"].get("nvidia.com/mig.config")
    assert (layout is not None) == (case == "different")
    assert not (layout and pool.get("gpuInstanceProfile"))
    assert not layout or f"  {layout}:\n" in values["migManager"]["config"]["data"]["config.yaml"]
    pod = one(found, "kubernetes:apps/v1:Deployment", "more")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"][RESOURCES[case]] == "1"
    own = [mount for mount in container["volumeMounts"] if mount["mountPath"] == "/dev/shm"]  # noqa: S108 - in the pod
    assert bool(own) == (case != "mps")


def test_the_shipped_stacks_share_nothing() -> None:
    for stack in ("dev", "prod"):
        values = one(list(graph_of(stack).to_json()), "kubernetes:helm.sh/v3:Release", "gpu-operator")["values"]
        assert "devicePlugin" not in values
