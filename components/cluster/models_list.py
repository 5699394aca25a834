"""`/v1/models`: the route that the tenants' script answers, and what only this route knows, the models of each tenant.

The lists are on this route alone. What the policy of the whole Gateway knows, every match of every model's route has a
copy of, and all copies pass between the gateway's controllers in one message.
"""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.cluster.tenant_script import model_lists, script
from components.cluster.tokens import identity_data
from components.foundation import KubernetesCluster
from planning.plan import GatewayPlan, Json

_GATEWAYS, _ENVOY = "gateway.networking.k8s.io", "gateway.envoyproxy.io"
_RULE = "list"
# Prefixes of other providers' APIs that the AI gateway serves (agent-router cmd/extproc/mainlib/main.go).
_NOT_THE_PROCESSORS = ("/anthropic", "/cohere", "/typesafe")


def models_policy(
    name: str, plan: GatewayPlan, *, parent: pulumi.Resource, cluster: KubernetesCluster, needs: list[pulumi.Resource]
) -> CustomResource:
    """The script on this route, in place of the whole Gateway's policy; made first, so that no list is ever missing."""
    data = model_lists(plan.tenants) | identity_data(plan)
    target: Json = {"group": _GATEWAYS, "kind": "HTTPRoute", "name": _name(plan), "sectionName": _RULE}
    return CustomResource(
        f"{name}-models-script",
        api_version=f"{_ENVOY}/v1alpha1",
        kind="EnvoyExtensionPolicy",
        metadata=metadata(_name(plan), plan.models_namespace),
        spec={"targetRefs": [target], "lua": [script(data, tokens=plan.tokens is not None)]},
        opts=in_cluster(parent, cluster, *needs),
    )


def models_route(
    name: str, plan: GatewayPlan, *, parent: pulumi.Resource, cluster: KubernetesCluster, needs: list[pulumi.Resource]
) -> None:
    """The route, and what answers where the script didn't. Routes attach from the models' namespace alone."""
    answer = CustomResource(
        f"{name}-models-answer",
        api_version=f"{_ENVOY}/v1alpha1",
        kind="HTTPRouteFilter",
        metadata=metadata(_name(plan), plan.models_namespace),
        spec=_fallback(),
        opts=in_cluster(parent, cluster, *needs),
    )
    CustomResource(
        f"{name}-models",
        api_version=f"{_GATEWAYS}/v1",
        kind="HTTPRoute",
        metadata=metadata(_name(plan), plan.models_namespace),
        spec=_route(plan),
        opts=in_cluster(parent, cluster, *needs, answer),
    )


def _name(plan: GatewayPlan) -> str:
    """The AI gateway makes a route of each model's name beside it, and none of these has a dot."""
    return f"{plan.gateway}.models"


def _route(plan: GatewayPlan) -> dict[str, Json]:
    """The AI gateway's own list is that of everyone; its processor doesn't see routes that it did not make."""
    # Whatever the method: what this route doesn't take, the AI gateway's processor would answer, with everybody's
    # models, before the rules of the SecurityPolicy. So would its APIs of other providers.
    reference: Json = {"group": _ENVOY, "kind": "HTTPRouteFilter", "name": _name(plan)}
    filters: Json = [{"type": "ExtensionRef", "extensionRef": reference}]
    others: list[Json] = [{"path": {"type": "PathPrefix", "value": path}} for path in _NOT_THE_PROCESSORS]
    return {
        "parentRefs": [{"group": _GATEWAYS, "kind": "Gateway", "name": plan.gateway, "namespace": plan.namespace}],
        "hostnames": [plan.hostname],
        "rules": [
            {"name": _RULE, "matches": [{"path": {"type": "Exact", "value": "/v1/models"}}], "filters": filters},
            {"name": "other-providers", "matches": others, "filters": filters},
        ],
    }


def _fallback() -> dict[str, Json]:
    """What answers where the script didn't."""
    return {
        "directResponse": {
            "statusCode": 503,
            "contentType": "text/plain",
            "body": {"type": "Inline", "inline": "no list"},
        }
    }
