"""The real Pulumi engine over a small Azure and a real Kubernetes control plane: `up` ends in running pods."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from rehearsal.control_plane import LEASE_RENEWAL_SECONDS, ControlPlane, control_plane
from rehearsal.engine import Engine
from simulators.aks.disks import Disks
from simulators.aks.provider import SmallAzure, small_azure
from simulators.azure.provider import DEFAULT_SUBSCRIPTION
from simulators.external_secrets.secrets_operator import SecretsOperator
from simulators.helm.crd_jobs import CrdJobs
from simulators.keda.keda import Keda
from simulators.kubelet.kubelet import Kubelets
from simulators.kubernetes_provider.provider import ClusterKubernetes

_GPU_OPERATOR = "gpu-operator"
_MODEL_LABEL = "llm-platform/model"


class ClusterEngine(Engine):
    """An engine whose clouds have machines. Used as a context; everything ends with it.

    `arm` is the folder of ARM's definitions, beside which lie the folders of CRDs and chart values. Without a `plane`
    it starts one of its own in `directory`.
    """

    azure: SmallAzure
    kubernetes: ClusterKubernetes

    def __init__(
        self,
        directory: Path,
        arm: Path,
        *,
        plane: ControlPlane | None = None,
        subscription: str = DEFAULT_SUBSCRIPTION,
        shortcuts: bool = False,
    ) -> None:
        super().__init__(directory, arm=arm, subscription=subscription, shortcuts=shortcuts)
        self._arm, self._subscription = arm, subscription
        self._given = plane
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            plane = self._given or starting.enter_context(control_plane(self.directory / "control-plane"))
            self.plane = plane
            self.client = plane.client
            self.azure = small_azure(self.log, self.cloud, self._arm, plane, self._subscription)
            self.kubernetes = self.kubernetes_provider(plane, self._arm.parent)
            self.kubernetes.chart_resources.on_chart = self._chart
            self.kubelets = starting.enter_context(Kubelets(plane.client, renewal_seconds=LEASE_RENEWAL_SECONDS))
            self.keda = starting.enter_context(Keda(plane.client, _MODEL_LABEL))
            self.secrets_operator = starting.enter_context(
                SecretsOperator(plane.client, is_installed=False, cloud=self.cloud)
            )
            starting.enter_context(Disks(plane.client))
            starting.enter_context(CrdJobs(plane.client, self._arm.parent))
            super().__enter__()
            self._ends = starting.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        with self._ends:
            super().__exit__(*error)

    def kubernetes_provider(self, plane: ControlPlane, reference: Path) -> ClusterKubernetes:
        """What the engine has for a provider of Kubernetes."""
        return ClusterKubernetes(self.log, plane, reference)

    def _chart(self, chart: str, values: Mapping[str, Any] | None) -> None:
        """Without the GPU Operator nodes have no devices, without the others replicas and Secrets stay as they are."""
        if chart == _GPU_OPERATOR:
            self.azure.machines.gpu_operator(values)
        self.keda.chart(chart, values)
        self.secrets_operator.chart(chart, values)


def platform_engine(
    settings: Mapping[str, Any],
    directory: Path,
    arm: Path,
    *,
    plane: ControlPlane | None = None,
    shortcuts: bool = False,
    kind: type[ClusterEngine] = ClusterEngine,
) -> ClusterEngine:
    """An engine signed in to the stack's subscription, with the network from where a private stack is updated.

    `settings` is the `config` of a stack file.
    """
    platform = settings["llm-platform:platform"]
    engine = kind(directory, arm, plane=plane, subscription=platform["subscription_id"], shortcuts=shortcuts)
    let_runner_network_exist(engine, settings)
    return engine


def let_runner_network_exist(engine: ClusterEngine, settings: Mapping[str, Any]) -> None:
    """Let Azure have the network from where a private stack is updated, which no stack makes."""
    api_server = (settings.get("llm-platform:cluster") or {}).get("api_server") or {}
    if runner_network := api_server.get("runner_vnet"):
        engine.azure.has("network:VirtualNetwork", runner_network, settings["llm-platform:platform"]["region"])
