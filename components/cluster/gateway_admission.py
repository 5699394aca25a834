"""Who may write the gateway's objects: admission policies, which the API server itself enforces.

Envoy Gateway acts on every object of its kinds that it reads: a SecurityPolicy on a route replaces the Gateway's, and
with it the check of keys, a route or a Backend sends prompts elsewhere, and an EnvoyExtensionPolicy runs code in the
proxies. Without these policies, rights in the namespaces that it serves would be rights over every request.
"""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    NamedRuleWithOperationsArgsDict,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicySpecArgsDict,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict

from components.cluster.gateway_specs import AI_CONTROLLER
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import GatewayPlan

# Every kind of these groups decides where requests go or what they need. A status is a subresource, which `*` does not
# cover.
_GROUPS = ("aigateway.envoyproxy.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io")
# Kubernetes' own controllers delete what a deleted namespace or owner leaves behind, and take finalizers away.
_KUBERNETES = (
    'request.userInfo.username == "system:kube-controller-manager"'
    ' || request.userInfo.username.startsWith("system:serviceaccount:kube-system:")'
)


def gateway_admission(
    name: str, plan: GatewayPlan, *, parent: pulumi.Resource, cluster: KubernetesCluster
) -> list[pulumi.Resource]:
    """Two policies, each with its binding: on the namespaces that are served, and on Gateways of the class elsewhere.

    The platform is whoever may update the first policy: the API server queries its own authorizer. So nobody who runs
    `pulumi up`, which writes that policy, is refused, whatever user, group or service principal that is; and it gives
    nobody more than they have, since whoever may update the policy could also remove it. The AI gateway's controller is
    admitted by its service account: it makes an HTTPRoute and two HTTPRouteFilters of each AIGatewayRoute, puts a
    finalizer on its own kinds and annotates the Gateway (agent-router internal/controller/ai_gateway_route.go,
    controller.go and gateway.go). Envoy Gateway writes the status of these objects and nothing else.
    """
    objects, gateways = f"{plan.gateway}-gateway-objects", f"{plan.gateway}-gateway-class"
    is_the_platform = _is_the_platform(objects, plan)
    return [
        made
        for role, policy, spec in (
            ("objects", objects, _objects(objects, plan, is_the_platform)),
            ("class", gateways, _gateways(plan, is_the_platform)),
        )
        for made in _bound(f"{name}-admission-{role}", policy, spec, parent=parent, cluster=cluster)
    ]


def _bound(
    resource_name: str,
    policy: str,
    spec: ValidatingAdmissionPolicySpecArgsDict,
    *,
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
) -> list[pulumi.Resource]:
    rule = ValidatingAdmissionPolicy(
        resource_name, metadata=metadata(policy), spec=spec, opts=in_cluster(parent, cluster)
    )
    binding = ValidatingAdmissionPolicyBinding(
        f"{resource_name}-binding",
        metadata=metadata(policy),
        spec={"policy_name": policy, "validation_actions": ["Deny"]},
        opts=in_cluster(parent, cluster, rule),
    )
    return [rule, binding]


def _is_the_platform(policy: str, plan: GatewayPlan) -> str:
    account = f"system:serviceaccount:{plan.ai.namespace}:{AI_CONTROLLER}"
    return (
        f'request.userInfo.username == "{account}" || {_KUBERNETES}'
        ' || authorizer.group("admissionregistration.k8s.io").resource("validatingadmissionpolicies")'
        f'.name("{policy}").check("update").allowed()'
    )


def _objects(policy: str, plan: GatewayPlan, is_the_platform: str) -> ValidatingAdmissionPolicySpecArgsDict:
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            "namespace_selector": _namespaces("In", plan),
            # Without the SecurityPolicy the gateway asks for no key, so deleting is refused as well.
            "resource_rules": [_rule(_GROUPS, "*", ["CREATE", "UPDATE", "DELETE"])],
        },
        "validations": [
            {
                "expression": is_the_platform,
                "reason": "Forbidden",
                "message_expression": (
                    'request.resource.resource + " in " + request.namespace + " belong to the gateway of the models: '
                    "written by anyone else they could lead requests past the check of keys. Change the stack file and "
                    "run `pulumi up`, or use another namespace with a controller of your own. Administrators of the "
                    f'cluster may write them: who may update the ValidatingAdmissionPolicy {policy}"'
                ),
            }
        ],
    }


def _gateways(plan: GatewayPlan, is_the_platform: str) -> ValidatingAdmissionPolicySpecArgsDict:
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            # Of two policies that refuse a request only one is reported.
            "namespace_selector": _namespaces("NotIn", plan),
            "resource_rules": [_rule(["gateway.networking.k8s.io"], "gateways", ["CREATE", "UPDATE"])],
        },
        "validations": [
            {
                "expression": f'object.spec.gatewayClassName != "{plan.gateway}" || {is_the_platform}',
                "reason": "Forbidden",
                "message": (
                    f"the GatewayClass {plan.gateway} is the platform's own, and its controller serves only the "
                    f"namespaces {', '.join(plan.served_namespaces)}: nothing would answer for a Gateway elsewhere. "
                    "Name a GatewayClass with a controller of your own"
                ),
            }
        ],
    }


def _namespaces(operator: str, plan: GatewayPlan) -> LabelSelectorArgsDict:
    return {
        "match_expressions": [
            {"key": "kubernetes.io/metadata.name", "operator": operator, "values": list(plan.served_namespaces)}
        ]
    }


def _rule(groups: Sequence[str], resource: str, operations: Sequence[str]) -> NamedRuleWithOperationsArgsDict:
    return {
        "api_groups": list(groups),
        "api_versions": ["*"],
        "operations": list(operations),
        "resources": [resource],
        "scope": "Namespaced",
    }
