"""The alerts on GPUs and on the nodes that have them."""

import re

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

# The exporter names the node `hostname`, kube-state-metrics `node`.
_GPU = "hostname, gpu, UUID"
_DEVICES = f'{metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.*"}}'
_ON_GPU = "GPU {{ $labels.gpu }} of {{ $labels.hostname }} ({{ $labels.UUID }})"
# The exporter counts the errors of the last five minutes: without it the alert would be over before somebody looks.
_KEPT = "1h"


def gpu_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on GPUs, MIG and GPU nodes.

    Every slice of a GPU carries the errors of the whole GPU: they are aggregated by GPU.
    """
    gpus = plan.gpu_metrics
    # A GPU without errors has a series without a code.
    ignored = "|".join(["", *(str(xid) for xid in gpus.application_xids)])
    return [
        Alert(
            name="GPUXidError",
            expression=f'max by ({_GPU}, xid) ({gpus.xid_errors}{{xid!~"{ignored}"}}) > 0',
            wait=None,
            keep=_KEPT,
            severity="critical",
            summary=f"XID {{{{ $labels.xid }}}} on {_ON_GPU}: the device plugin takes it out of service",
        ),
        Alert(
            name="GPURowRemapFailure",
            expression=f"max by ({_GPU}) ({gpus.row_remap_failure}) > 0",
            wait="1m",
            severity="critical",
            summary=f"row remapping failed on {_ON_GPU}: replace the node",
        ),
        Alert(
            name="GPUIdle",
            expression="max by (namespace, pod) "
            f'(avg_over_time({gpus.engine_active}{{namespace="{plan.models_namespace}"}}[1h])) < 0.01',
            wait="1h",
            severity="info",
            summary="{{ $labels.pod }} has GPUs that were idle for two hours",
        ),
        Alert(
            # Nodes change between these states while they try again: the state is no label of the alert.
            name="MIGNotApplied",
            expression="max by (node) "
            f'({metrics.NODE_LABELS}{{label_nvidia_com_mig_config_state=~"pending|failed|rebooting"}}) == 1',
            wait="15m",
            severity="critical",
            summary="the MIG layout of {{ $labels.node }} is not applied: see its label nvidia.com/mig.config.state",
        ),
        Alert(
            name="GPUMetricsMissing",
            expression=f"max by (node) ({_DEVICES}) > 0 unless on (node) "
            f'label_replace(max by (hostname) ({gpus.xid_errors}), "node", "$1", "hostname", "(.+)")',
            wait="15m",
            severity="warning",
            summary="dcgm-exporter gives no metrics of the GPUs of {{ $labels.node }}: their errors go unseen",
        ),
        _node_without_gpus(*plan.gpu_nodes),
    ]


def _node_without_gpus(label: str, value: str) -> Alert:
    labelled = f'{metrics.NODE_LABELS}{{label_{re.sub(r"[^A-Za-z0-9_]", "_", label)}="{value}"}}'
    return Alert(
        # The driver may be there and the device plugin find nothing, for ever: the node is paid for and takes no pod.
        name="GPUNodeWithoutGPUs",
        expression=f"max by (node) ({labelled}) unless on (node) (sum by (node) ({_DEVICES}) > 0)",
        wait="30m",
        severity="warning",
        summary="{{ $labels.node }} is a GPU node that offers no GPU: see its device plugin, or delete the machine",
    )
