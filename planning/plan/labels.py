"""Labels by which the scheduler, Prometheus and people find nodes and pods, and how Prometheus spells them."""

import re

POOL = "llm-platform/pool"
POOL_REVISION = "llm-platform/pool-revision"
POOL_CLASS = "llm-platform/class"
MIG_CONFIG = "nvidia.com/mig.config"
MIG_STATE = "nvidia.com/mig.config.state"
DEVICE_PLUGIN_CONFIG = "nvidia.com/device-plugin.config"
# On every pod of a model. It becomes a label of the pod's metrics too (`podTargetLabels` of the PodMonitor).
MODEL = "llm-platform/model"
# An annotation of a model's Deployments: the licences that the stack states for it, with commas between.
LICENSE = "llm-platform/license"


def in_prometheus(label: str) -> str:
    """Name that Prometheus Operator gives a Kubernetes label (pkg/prometheus/promcfg.go, `sanitizeLabelName`)."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", label)
