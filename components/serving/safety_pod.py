"""The pod of the processor that judges prompts and answers."""

from pulumi_kubernetes.core.v1 import PodTemplateSpecArgsDict

from components.cluster.container_resources import container_resources
from components.cluster.labels import PROCESSOR_PODS, labels
from components.cluster.spread import spread
from components.cluster.waiting_job import CONFINED
from planning.plan import NodeSelection, SafetyPlan
from planning.plan.safety import GRPC_PORT, HTTP_PORT, PROCESSOR

# As in guardrails/Containerfile.
_USER = 65532
# Until proxies have other addresses than that of a pod which ends.
_LEAVING_SECONDS = 15


def pod_template(plan: SafetyPlan, nodes: NodeSelection) -> PodTemplateSpecArgsDict:
    """Pod template that meets the pod security standard `restricted`."""
    return {
        "metadata": {"labels": {**labels(PROCESSOR), **dict(plan.pod_labels), **dict(nodes.revision)}},
        "spec": {
            "service_account_name": PROCESSOR,
            "enable_service_links": False,
            "automount_service_account_token": False,
            **nodes.pod_spec(),
            # Other system nodes are a rollout: AKS doesn't drain those that it deletes.
            "node_selector": dict((*nodes.labels, *nodes.revision)),
            "topology_spread_constraints": spread(PROCESSOR_PODS),
            "termination_grace_period_seconds": plan.grace_seconds,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": _USER,
                "run_as_group": _USER,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "processor",
                    "image": plan.image,
                    "args": ["/etc/guardrails/settings.json"],
                    "ports": [
                        {"name": "grpc", "container_port": GRPC_PORT, "protocol": "TCP"},
                        {"name": "http", "container_port": HTTP_PORT, "protocol": "TCP"},
                    ],
                    "resources": container_resources(plan.requests),
                    "security_context": CONFINED,
                    "readiness_probe": {"http_get": {"path": "/readyz", "port": "http"}, "period_seconds": 5},
                    "liveness_probe": {
                        "http_get": {"path": "/healthz", "port": "http"},
                        "period_seconds": 10,
                        "timeout_seconds": 5,
                        "failure_threshold": 6,
                    },
                    "lifecycle": {"pre_stop": {"sleep": {"seconds": _LEAVING_SECONDS}}},
                    "volume_mounts": [{"name": "settings", "mount_path": "/etc/guardrails", "read_only": True}],
                }
            ],
            "volumes": [{"name": "settings", "config_map": {"name": plan.config_map}}],
        },
    }
