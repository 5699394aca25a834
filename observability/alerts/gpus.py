"""The alerts on GPUs, and on the slices that they are in."""

import re

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

_GPU = "node, gpu, UUID"
_DEVICES = f'{metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.*"}}'
_ON_GPU = "GPU {{ $labels.gpu }} of {{ $labels.node }} ({{ $labels.UUID }})"
# The exporter counts the errors of the last five minutes: without it the alert would be over before somebody looks.
_KEPT = "1h"
# Reduced for heat or by the machine's power supply. `power_cap` is normal under load, `gpu_idle` without.
_FAULTS = "hw_slowdown|hw_thermal|hw_power_brake|sw_thermal"
# More is a fault of the bus or of the card: NVIDIA/DCGM modules/health/DcgmGPUHardwareLimits.h.
_PCIE_REPLAYS_PER_MINUTE = 8


def gpu_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on GPUs, MIG and GPU nodes.

    Every slice of a GPU carries the errors of the whole GPU: they are aggregated by GPU.
    """
    gpus = plan.gpu_metrics
    # A GPU without errors has a series without a code.
    ignored = "|".join(["", *(str(xid) for xid in gpus.application_xids)])
    errors = _by_node(f'{gpus.xid_errors}{{xid!~"{ignored}"}}')
    throttled = _by_node(f'{gpus.clock_events}{{clock_event=~"{_FAULTS}"}}')
    return [
        Alert(
            name="GPUXidError",
            expression=f"max by ({_GPU}, xid) ({errors}) > 0",
            wait=None,
            keep=_KEPT,
            severity="critical",
            summary=f"XID {{{{ $labels.xid }}}} on {_ON_GPU}: the device plugin takes it out of service",
            impact="replicas on this GPU fail, or answer wrongly, and it takes no new ones",
            owner="gpus",
        ),
        Alert(
            name="GPURowRemapFailure",
            expression=f"max by ({_GPU}) ({_by_node(gpus.row_remap_failure)}) > 0",
            wait="1m",
            severity="critical",
            summary=f"row remapping failed on {_ON_GPU}: replace the node",
            impact="the next memory error takes the GPU, and the replicas on it, out",
            owner="gpus",
        ),
        Alert(
            name="GPURowRemapPending",
            expression=f"max by ({_GPU}) ({_by_node(gpus.row_remap_pending)}) > 0",
            wait="15m",
            severity="warning",
            summary=f"a row of the memory of {_ON_GPU} is to be replaced at the next reset",
            impact="until the reset the GPU runs on with a bad row: more errors, and replicas that end with them",
            owner="gpus",
        ),
        Alert(
            name="GPUMemoryErrors",
            expression=f"max by ({_GPU}) ({_by_node(f'increase({gpus.uncorrectable_rows}[6h])')}) > 0",
            wait=None,
            severity="warning",
            summary=f"errors that can't be corrected have cost {_ON_GPU} a row of its memory within six hours",
            impact="each such error ends the replicas that use the row; GPUs with several fail for good",
            owner="gpus",
        ),
        Alert(
            name="GPUThrottled",
            expression=f"max by ({_GPU}, clock_event) ({throttled}) > 0",
            wait="15m",
            severity="warning",
            summary=f"{_ON_GPU} runs at reduced clocks: {{{{ $labels.clock_event }}}}",
            impact="tokens come at half the speed or less, on this GPU and for requests that wait behind it",
            owner="gpus",
        ),
        Alert(
            name="GPUPcieErrors",
            expression=f"max by ({_GPU}) ({_by_node(f'rate({gpus.pcie_replays}[15m])')}) * 60 "
            f"> {_PCIE_REPLAYS_PER_MINUTE}",
            wait="15m",
            severity="warning",
            summary=f'{_ON_GPU} repeats {{{{ $value | printf "%.0f" }}}} transfers a minute on its PCIe bus',
            impact="weights load slowly, GPUs that share a model wait for each other, and the GPU may fall off the bus",
            owner="gpus",
        ),
        Alert(
            name="GPUIdle",
            expression="max by (namespace, pod) "
            f'(avg_over_time({gpus.engine_active}{{namespace="{plan.models_namespace}"}}[1h])) < 0.01',
            wait="1h",
            severity="info",
            summary="{{ $labels.pod }} has GPUs that were idle for two hours",
            impact="money is spent on a GPU that does nothing",
            owner="models",
        ),
        Alert(
            # Nodes change between these states while they try again: the state is no label of the alert.
            name="MIGNotApplied",
            expression="max by (node) "
            f'({metrics.NODE_LABELS}{{label_nvidia_com_mig_config_state=~"pending|failed|rebooting"}}) == 1',
            wait="15m",
            severity="critical",
            summary="the MIG layout of {{ $labels.node }} is not applied: see its label nvidia.com/mig.config.state",
            impact="the node offers no slices: replicas for it stay pending",
            owner="gpus",
        ),
        Alert(
            name="GPUMetricsMissing",
            expression=f"max by (node) ({_DEVICES}) > 0 unless on (node) max by (node) ({_by_node(gpus.xid_errors)})",
            wait="15m",
            severity="warning",
            summary="dcgm-exporter gives no metrics of the GPUs of {{ $labels.node }}: their errors go unseen",
            impact="a GPU of this node can break without an alert",
            owner="gpus",
        ),
        _node_without_gpus(*plan.gpu_nodes),
    ]


def _by_node(series: str) -> str:
    """The exporter names the node `hostname`, kube-state-metrics `node`: alerts on one node have one label for it."""
    return f'label_replace({series}, "node", "$1", "hostname", "(.+)")'


def gpu_node_labels(label: str, value: str) -> str:
    """The series of nodes that the foundation marks as having GPUs."""
    return f'{metrics.NODE_LABELS}{{label_{re.sub(r"[^A-Za-z0-9_]", "_", label)}="{value}"}}'


def _node_without_gpus(label: str, value: str) -> Alert:
    return Alert(
        # The driver may be there and the device plugin find nothing, for ever: the node is paid for and takes no pod.
        name="GPUNodeWithoutGPUs",
        expression=f"max by (node) ({gpu_node_labels(label, value)}) unless on (node) (sum by (node) ({_DEVICES}) > 0)",
        wait="30m",
        severity="warning",
        summary="{{ $labels.node }} is a GPU node that offers no GPU: see its device plugin, or delete the machine",
        impact="the node is paid for and takes no model",
        owner="gpus",
    )
