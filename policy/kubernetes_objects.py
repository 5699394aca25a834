"""What an organisation may demand of a cluster's objects: namespaces, rights, what is reachable, and enough copies."""

from collections.abc import Iterator, Sequence

from policy.policies import Policy, Setting, Values
from policy.resources import UNKNOWN, Resource

_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
_ENFORCE = "pod-security.kubernetes.io/enforce"
_LEVELS = ("baseline", "restricted")
_WEB = ("HTTPS", "TLS")
# The label of a model's pods and the annotation of its Deployments (planning/plan/labels.py).
_MODEL, _LICENSE = "llm-platform/model", "llm-platform/license"


def _namespaces_limited(resource: Resource, values: Values) -> Iterator[str]:
    if resource.type == "kubernetes:core/v1:Namespace" and resource.get("metadata.name") not in values["privileged"]:
        level = (resource.get("metadata.labels") or {}).get(_ENFORCE)
        if level not in _LEVELS:
            yield f"pods may be {level or 'anything'}: {_ENFORCE} is {level or 'not set'}"


def _namespaces_closed(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    closed = {
        resource.namespace
        for resource in resources
        if resource.kind == "NetworkPolicy" and not resource.get("spec.podSelector.matchLabels")
        and not resource.get("spec.podSelector.matchExpressions")
    }  # fmt: skip
    for resource in resources:
        name = resource.get("metadata.name")
        if resource.type == "kubernetes:core/v1:Namespace" and name not in {*closed, *values["open"]}:
            yield resource, "no network policy for all of its pods"


def _not_default(resource: Resource, values: Values) -> Iterator[str]:
    del values
    if resource.type.startswith("kubernetes:") and resource.namespace == "default":
        yield "it is in the namespace default, which has no owner"


def _internal(resource: Resource, values: Values) -> Iterator[str]:
    del values
    services = []
    if resource.kind == "Service" and resource.get("spec.type") == "LoadBalancer":
        services.append(resource.get("metadata.annotations") or {})
    if resource.kind == "EnvoyProxy":
        service = resource.get("spec.provider.kubernetes.envoyService") or {}
        if isinstance(service, dict) and service.get("type", "LoadBalancer") == "LoadBalancer":
            services.append(service.get("annotations") or {})
    for annotations in services:
        if str(annotations.get(_INTERNAL, "")).lower() != "true":
            yield "its load balancer has a public address"


def _listeners(resource: Resource, values: Values) -> Iterator[str]:
    del values
    for listener in resource.items("spec.listeners") if resource.kind == "Gateway" else ():
        if listener.get("protocol") not in _WEB:
            yield f"the listener {listener.get('name')} takes {listener.get('protocol')}"


def _newest_tls(resource: Resource, values: Values) -> Iterator[str]:
    del values
    if resource.kind == "ClientTrafficPolicy" and resource.get("spec.tls.minVersion") not in ("1.2", "1.3", UNKNOWN):
        yield f"clients may use TLS {resource.get('spec.tls.minVersion') or 'as the proxy decides'}"


def _no_cluster_admin(resource: Resource, values: Values) -> Iterator[str]:
    del values
    if resource.kind in ("ClusterRoleBinding", "RoleBinding") and resource.get("roleRef.name") == "cluster-admin":
        yield "it makes somebody administrator of the cluster"


def _no_wildcards(resource: Resource, values: Values) -> Iterator[str]:
    if resource.kind not in ("ClusterRole", "Role") or resource.get("metadata.name") in values["roles"]:
        return
    for rule in resource.items("rules"):
        for part in ("verbs", "resources", "apiGroups"):
            if "*" in rule.get(part, ()):
                yield f"it allows every one of the {part}"


def _copies(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    """A scaler decides over a Deployment's own number; one without replicas at all is for overflow."""
    scalers = {
        (resource.namespace, resource.get("spec.scaleTargetRef.name")): resource.get(path, 0)
        for kind, path in (("ScaledObject", "spec.minReplicaCount"), ("HorizontalPodAutoscaler", "spec.minReplicas"))
        for resource in resources
        if resource.kind == kind
    }
    for resource in resources:
        if resource.kind != "Deployment":
            continue
        key = (resource.namespace, resource.get("metadata.name"))
        fewest = scalers.get(key, resource.get("spec.replicas", 1))
        if isinstance(fewest, int) and 0 < fewest < values["replicas"]:
            yield resource, f"at least {fewest} replica, demanded: {values['replicas']}"


def _licenses(resource: Resource, values: Values) -> Iterator[str]:
    model = (resource.get("spec.template.metadata.labels") or {}).get(_MODEL)
    if resource.kind != "Deployment" or model is None:
        return
    stated = str((resource.get("metadata.annotations") or {}).get(_LICENSE, ""))
    if not stated:
        yield f"the licence of the model {model} is not stated"
    for name in filter(None, stated.split(",")):
        if values["licenses"] and name not in values["licenses"]:
            yield f"the model {model} has the licence {name}, allowed: {', '.join(map(str, values['licenses']))}"


def _disruptions(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    del values
    budgets = [
        (resource.namespace, resource.get("spec.selector.matchLabels") or {})
        for resource in resources
        if resource.kind == "PodDisruptionBudget"
    ]
    for resource in resources:
        if resource.kind == "Deployment" and resource.get("spec.replicas", 1) != 0:
            labels = resource.get("spec.template.metadata.labels") or {}
            if not any(
                namespace == resource.namespace and wanted.items() <= labels.items() for namespace, wanted in budgets
            ):
                yield resource, "no budget says how many of its pods may be evicted at once"


POLICIES = (
    Policy("namespace-pod-security", "Namespaces keep privileged pods out.", f"the label {_ENFORCE}", "mandatory",
           _namespaces_limited,
           settings={"privileged": Setting("array", ["gpu-operator"], "namespaces that need privileged pods")},
           cis=("4.2.1",), mcsb=("PV-2",)),
    Policy("namespace-network-policy", "Every namespace has a network policy for all of its pods.",
           "a policy that denies what no other allows", "mandatory", stack_check=_namespaces_closed,
           settings={"open": Setting("array", [], "namespaces that may be open")}, cis=("4.4.2",), mcsb=("NS-1",)),
    Policy("namespace-not-default", "Nothing is in the namespace default.", "name a namespace", "mandatory",
           _not_default, cis=("4.6.3",), mcsb=("PV-2",)),
    Policy("load-balancer-internal", "Load balancers have addresses of the network alone.",
           "gateway.exposure: internal", "mandatory", _internal, mcsb=("NS-2",)),
    Policy("gateway-https", "Gateways take encrypted connections alone.", "protocol: HTTPS", "mandatory", _listeners,
           cis=("5.4.5",), mcsb=("DP-3",)),
    Policy("gateway-tls", "Clients use TLS 1.2 or newer.", "leave tls.minVersion at 1.2", "mandatory", _newest_tls,
           cis=("5.4.5",), mcsb=("DP-3",)),
    Policy("rbac-no-cluster-admin", "Nobody gets all rights on the cluster by a stack.", "a role of its own",
           "mandatory", _no_cluster_admin, cis=("4.1.1",), mcsb=("PA-7",)),
    Policy("rbac-no-wildcards", "Roles name what they allow.", "name verbs, resources and groups", "mandatory",
           _no_wildcards, settings={"roles": Setting("array", [], "names of roles that may")}, cis=("4.1.3",),
           mcsb=("PA-7",)),
    Policy("model-replicas", "Models have several replicas.", "models[].replicas.min", "mandatory",
           stack_check=_copies, settings={"replicas": Setting("number", 2, "the fewest replicas")}),
    Policy("model-license", "Models have licences that the organisation allows.", "state models[].license", "advisory",
           _licenses,
           settings={"licenses": Setting("array", [], "identifiers, such as apache-2.0; empty allows all")},
           mcsb=("AM-2",)),
    Policy("model-disruption-budget", "Drains of nodes leave pods of every model.", "leave the budget in the stack",
           "mandatory", stack_check=_disruptions),
)  # fmt: skip
