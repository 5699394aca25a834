"""The alerts on nodes: those with GPUs, what the cloud reports of a machine, and what the GPU Operator runs there."""

from observability.alerts.gpus import gpu_node_labels
from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

# Conditions that AKS's node problem detector sets: https://learn.microsoft.com/azure/aks/node-problem-detector. Those
# of GPUs only where AKS owns the driver: https://learn.microsoft.com/azure/aks/gpu-health-monitoring.
_OF_GPUS = "GPUMissing|NVLinkStatusInactive|XIDErrors|IBLinkFlapping|GPUClockThrottling|UnhealthyNvidiaDevicePlugin"
_OF_NODES = "KernelDeadlock|ReadonlyFilesystem|FilesystemCorruptionProblem|KubeletProblem|ContainerRuntimeProblem"
_EVENT = "VMEventScheduled"
_NODE = "{{ $labels.node }}"


def node_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on nodes; a cluster whose nodes nobody examines has none of the conditions, and they are silent."""
    return [
        Alert(
            # Sooner than the chart's KubeNodeNotReady: the models on it are gone, and GPUs are what takes longest.
            name="GPUNodeNotReady",
            expression=f'max by (node) ({metrics.NODE_CONDITION}{{condition="Ready",status="true"}}) == 0 '
            f"and on (node) {gpu_node_labels(*plan.gpu_nodes)}",
            wait="5m",
            severity="critical",
            summary=f"the GPU node {_NODE} is not ready",
            impact="its replicas are lost, and nothing new starts there",
            owner="gpus",
        ),
        Alert(
            name="GPUNodeProblem",
            expression=f'max by (node, condition) ({metrics.NODE_CONDITION}{{condition=~"{_OF_GPUS}",status="true"}}) '
            "== 1",
            wait="5m",
            severity="critical",
            summary=f"AKS reports {{{{ $labels.condition }}}} on {_NODE}",
            impact="models on several GPUs stop or slow down, and replicas on the GPU concerned fail",
            owner="gpus",
        ),
        Alert(
            name="NodeProblem",
            expression=f'max by (node, condition) ({metrics.NODE_CONDITION}{{condition=~"{_OF_NODES}",status="true"}}) '
            "== 1",
            wait="10m",
            severity="warning",
            summary=f"AKS reports {{{{ $labels.condition }}}} on {_NODE}",
            impact="pods on the node hang or don't start; it may count as ready all the same",
            owner="platform",
        ),
        Alert(
            # A spot machine is taken half a minute after this, others up to fifteen minutes later.
            name="NodeEventScheduled",
            expression=f'max by (node) ({metrics.NODE_CONDITION}{{condition="{_EVENT}",status="true"}}) == 1',
            wait=None,
            severity="info",
            summary=f"Azure is about to stop, restart or move the machine of {_NODE}",
            impact="its replicas end; requests in progress are lost where they take longer than the notice",
            owner="platform",
        ),
        Alert(
            # Driver, toolkit, device plugin, MIG manager, exporter and validation are DaemonSets.
            name="GPUOperandNotReady",
            expression="max by (daemonset) "
            f'({metrics.DAEMONS_UNAVAILABLE}{{namespace="{plan.operator_namespace}"}}) > 0',
            wait="30m",
            severity="warning",
            summary="{{ $labels.daemonset }} of the GPU Operator is not ready; nodes without it: {{ $value }}",
            impact="new nodes get no driver, no GPUs or no slices, or nobody measures them: it depends on which fails",
            owner="gpus",
        ),
    ]
