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
    "several": {"vm_size": ONE, "gpu": {"sharing": "mig", "layout": ["4g.47gb", "3g.47gb"]}},
    "several-sliced": {
        "vm_size": ONE,
        "gpu": {"sharing": "time-slicing", "replicas": 2, "layout": ["4g.47gb", "3g.47gb"]},
    },
    "whole": {"vm_size": TWO},
}
SEVERAL = {"several", "several-sliced"}
# The device plugin's configuration of the pool's nodes, and devices of one node by resource.
CONFIGURATIONS = {
    "time-slicing": "time-slicing-x2",
    "mps": "mps-x3",
    "sliced": "time-slicing-x2-mig-single",
    "layouts": "mig-single",
    "different": "mig-single",
    "several": None,
    "several-sliced": "time-slicing-x2-3g.47gb-4g.47gb",
    "whole": None,
}
OFFERED = {
    "time-slicing": {"nvidia.com/gpu": 2},
    "mps": {"nvidia.com/gpu": 6},
    "sliced": {"nvidia.com/gpu": 2},
    "layouts": {"nvidia.com/gpu": 2},
    "different": {"nvidia.com/gpu": 3},
    "several": {"nvidia.com/mig-3g.47gb": 1, "nvidia.com/mig-4g.47gb": 1},
    "several-sliced": {"nvidia.com/mig-3g.47gb": 2, "nvidia.com/mig-4g.47gb": 2},
    "whole": {"nvidia.com/gpu": 2},
}
TAG = "k8s.io_cluster-autoscaler_node-template_resources_"


def entries(case: str) -> list[Entry]:
    def change(sections: Sections) -> None:
        sections["pools"].append({**POOL, **CASES[case]})
        sections["models"].append({**MODEL, **({"slice": "4g.47gb"} if case in SEVERAL else {})})

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
    configuration = pool["nodeLabels"].get("nvidia.com/device-plugin.config")
    assert configuration == CONFIGURATIONS[case]
    assert {"plain", "mig-single", *([configuration] if configuration else [])} <= set(
        values["devicePlugin"]["config"]["data"]
    )
    assert values["mig"] == {"strategy": ""}
    layout = pool["nodeLabels"].get("nvidia.com/mig.config")
    assert (layout is not None) == (case == "different" or case in SEVERAL)
    assert not (layout and pool.get("gpuInstanceProfile"))
    assert not layout or f"  {layout}:\n" in values["migManager"]["config"]["data"]["config.yaml"]
    pod = one(found, "kubernetes:apps/v1:Deployment", "more")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    requested = {name: count for name, count in container["resources"]["limits"].items() if "nvidia" in name}
    assert requested == {"nvidia.com/mig-4g.47gb" if case in SEVERAL else "nvidia.com/gpu": "1"}
    # What a node of slices of the MIG manager offers at first is a whole GPU under the same name.
    state = {"nvidia.com/mig.config.state": "success"} if case == "different" else {}
    assert pod["nodeSelector"] == {
        "llm-platform/pool-revision": pool["nodeLabels"]["llm-platform/pool-revision"],
        **state,
    }
    tags = {name.removeprefix(TAG): count for name, count in pool["tags"].items() if name.startswith(TAG)}
    promised = {} if case == "whole" else OFFERED[case]
    assert tags == {name.replace("/", "_"): str(count) for name, count in promised.items()}
    own = [mount for mount in container["volumeMounts"] if mount["mountPath"] == "/dev/shm"]  # noqa: S108 - in the pod
    assert bool(own) == (case != "mps")


@pytest.mark.parametrize("case", CASES)
def test_every_pool_is_autoscaled(case: str) -> None:
    """A GPU node in another pool that shows no `nvidia.com/gpu` keeps the autoscaler from adding nodes anywhere."""
    found = entries(case)
    pools = [entry["inputs"] for entry in found if entry["type"].endswith(":AgentPool")]
    assert len(pools) == 3
    assert all(pool["enableAutoScaling"] is True for pool in pools)
    (cluster,) = [entry["inputs"] for entry in found if entry["type"].endswith(":ManagedCluster")]
    # The cluster's own pool has a fixed size, and no GPUs.
    assert not any(profile["vmSize"].startswith("Standard_N") for profile in cluster["agentPoolProfiles"])


def test_the_shipped_stacks_share_nothing() -> None:
    for stack in ("dev", "prod"):
        values = one(list(graph_of(stack).to_json()), "kubernetes:helm.sh/v3:Release", "gpu-operator")["values"]
        assert set(values["devicePlugin"]["config"]["data"]) == {"plain", "mig-single"}
