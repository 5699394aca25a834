"""The labels and metadata that every Kubernetes object of the platform carries."""

from collections.abc import Mapping

from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

from planning.plan.logs import LOG_COLLECTOR, LOG_STORE
from planning.plan.safety import PROCESSOR
from planning.plan.telemetry import TRACE_COLLECTOR, TRACE_STORE

# Routes may attach to the gateway only from namespaces with this label.
ROUTES_ADMITTED = {"llm-gateway": "true"}
DEPLOYMENT = "llm-platform/deployment"
# Labels that controllers set on their pods: Envoy Gateway (internal/infrastructure/kubernetes/proxy) and Prometheus
# Operator (pkg/prometheus/server/statefulset.go).
PROXY_PODS = {"app.kubernetes.io/managed-by": "envoy-gateway", "app.kubernetes.io/component": "proxy"}
_OWNING_GATEWAY = "gateway.envoyproxy.io/owning-gateway-name"
_OWNING_GATEWAY_NAMESPACE = "gateway.envoyproxy.io/owning-gateway-namespace"
OPERATED_PODS = {"app.kubernetes.io/managed-by": "prometheus-operator"}
# What judges prompts and answers.
PROCESSOR_PODS = {"app.kubernetes.io/name": PROCESSOR}
# What collects traces.
COLLECTOR_PODS = {"app.kubernetes.io/name": TRACE_COLLECTOR}
TRACE_STORE_PODS = {"app.kubernetes.io/name": TRACE_STORE}
# What reads logs on every node, and what keeps them.
LOG_COLLECTOR_PODS = {"app.kubernetes.io/name": LOG_COLLECTOR}
LOG_STORE_PODS = {"app.kubernetes.io/name": LOG_STORE}
PROMETHEUS_PODS = {**OPERATED_PODS, "app.kubernetes.io/name": "prometheus"}


def labels(name: str) -> dict[str, str]:
    """The recommended labels of an object of the platform."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "llm-platform",
        "app.kubernetes.io/managed-by": "pulumi",
    }


def proxies_of(gateway: str, namespace: str) -> dict[str, str]:
    """Labels of the proxies of one Gateway: those of every Gateway of the cluster run in one namespace.

    Source: Envoy Gateway internal/gatewayapi/helpers.go, GatewayOwnerLabels.
    """
    return {**PROXY_PODS, _OWNING_GATEWAY: gateway, _OWNING_GATEWAY_NAMESPACE: namespace}


def metadata(
    name: str,
    namespace: str | None = None,
    annotations: Mapping[str, str] | None = None,
    more_labels: Mapping[str, str] | None = None,
) -> ObjectMetaArgsDict:
    """Literal name and namespace: taken from an object's outputs, they would hide the whole object at a preview."""
    meta: ObjectMetaArgsDict = {"name": name, "labels": {**labels(name), **(more_labels or {})}}
    if namespace is not None:
        meta["namespace"] = namespace
    if annotations:
        meta["annotations"] = dict(annotations)
    return meta
