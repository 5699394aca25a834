"""The GPU Operator's real CRD takes a ClusterPolicy without a MIG strategy, as its chart writes one.

`deployments/gpu-operator/templates/clusterpolicy.yaml` writes `mig:` and, only where the value isn't empty, `strategy`.
"""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client
from simulators.api_server.waiting import eventually
from simulators.helm.installed_charts import reference_crds

pytestmark = pytest.mark.cluster
REQUIRED = (
    "daemonsets", "dcgm", "dcgmExporter", "devicePlugin", "driver", "gfd", "nodeStatusExporter", "operator", "toolkit",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, arm: Path) -> Client:
    found = module_cluster.client
    for crd in reference_crds(arm.parent / "crds").of("nvidia.com"):
        found.create(crd)

    def served() -> bool:
        try:
            return found.list("nvidia.com/v1", "ClusterPolicy") == []
        except ApiError:
            return False

    eventually(served, "the API server knows the kind")
    return found


def policy(name: str, mig: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {key: {} for key in REQUIRED}
    spec["operator"] = {"defaultRuntime": "containerd"}
    return {
        "apiVersion": "nvidia.com/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": name},
        "spec": {**spec, "mig": mig},
    }


def test_an_empty_value_leaves_the_strategy_out(client: Client) -> None:
    made = client.create(policy("empty", None))
    assert "strategy" not in (made["spec"].get("mig") or {})
    assert client.create(policy("single", {"strategy": "single"}))["spec"]["mig"] == {"strategy": "single"}


def test_an_empty_text_would_be_refused(client: Client) -> None:
    with pytest.raises(ApiError, match=r"spec\.mig\.strategy"):
        client.create(policy("text", {"strategy": ""}))
