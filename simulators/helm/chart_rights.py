"""The service accounts of charts, and those of their rights by which a Secret can be had.

That is: rules on Secrets, on whatever makes a pod (a pod mounts any Secret of its namespace), and on tokens of other
accounts. All other rules are left out. Written from the templates of the charts, at the versions of the catalog or the
nearest that were to be had, with the conditions on values that the templates have:

* kedacore/charts v2.20.2 keda/templates/manager/clusterrole.yaml, clusterrolebindings.yaml, minimal-rbac.yaml
* prometheus-community/helm-charts kube-prometheus-stack-88.5.3 templates/prometheus-operator/clusterrole.yaml and
  admission-webhooks/job-patch/role.yaml; kube-state-metrics 8.4.0 templates/role.yaml
* grafana-community/helm-charts grafana 12.11.1 templates/clusterrole.yaml, role.yaml, rolebinding.yaml
* envoyproxy/gateway charts/gateway-helm/templates/_rbac.tpl, envoy-gateway-rbac.yaml, infra-manager-rbac.yaml,
  certgen-rbac.yaml, @d32f28294
* envoyproxy/ai-gateway v1.1.0 manifests/charts/ai-gateway-helm/templates/serviceaccount.yaml
* external-secrets/external-secrets 2.9.0 deploy/charts/external-secrets/templates/rbac.yaml, cert-controller-rbac.yaml
* cert-manager/cert-manager deploy/charts/cert-manager/templates/rbac.yaml, cainjector-rbac.yaml, webhook-rbac.yaml,
  startupapicheck-rbac.yaml, @2d0d7f7f7
* NVIDIA/gpu-operator deployments/gpu-operator/templates/role.yaml and, of what the operator makes itself,
  assets/*/0200_role.yaml, @a22dbf671
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulators.api_server.client import Object

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "update", "patch", "delete")
_RBAC: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of an API group; on single objects where `names` has any."""

    verbs: Sequence[str]
    resources: Sequence[str]
    group: str = ""
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Grant:
    """Rules of one service account, in these namespaces or, with none named, in all; `role` is one that others make."""

    account: str
    rules: Sequence[Rule] = ()
    namespaces: Sequence[str] = ()
    role: str = ""


class Installed:
    """A Helm release by its inputs: name, namespace and values."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self.name, self.namespace = str(inputs["name"]), str(inputs["namespace"])
        self._values: Mapping[str, Any] = inputs.get("values") or {}

    def value(self, *path: str, default: Any = None) -> Any:
        """The value at a path of keys, else the chart's own default."""
        found: Any = self._values
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return default if found is None else found

    def full_name(self, chart: str, *below: str) -> str:
        """The prefix of the objects of a chart, or of one inside it."""
        override = self.value(*below, "fullnameOverride")
        return str(override) if override else self.name if chart in self.name else f"{self.name}-{chart}"


def chart_rights(chart: str, inputs: Mapping[str, Any]) -> list[Object]:
    """ServiceAccounts, roles and bindings of a chart by its plain name.

    Raises:
        KeyError: the rights of this chart have not been read.

    """
    installed = Installed(inputs)
    grants = list(_CHARTS[chart](installed))
    objects = [_object("v1", "ServiceAccount", account, installed.namespace) for account in _accounts(grants)]
    for number, grant in enumerate(grants):
        objects += _granted(f"{installed.name}-{number}", grant, installed.namespace)
    return objects


def _accounts(grants: Sequence[Grant]) -> list[str]:
    return sorted({grant.account for grant in grants})


def _granted(name: str, grant: Grant, namespace: str) -> Iterator[Object]:
    rules = [
        {
            "apiGroups": [rule.group],
            "resources": list(rule.resources),
            "verbs": list(rule.verbs),
            **({"resourceNames": list(rule.names)} if rule.names else {}),
        }
        for rule in grant.rules
    ]
    subjects = [{"kind": "ServiceAccount", "name": grant.account, "namespace": namespace}]
    for where in grant.namespaces or ((None,) if rules else ()):
        kind = "Role" if where else "ClusterRole"
        if rules:
            yield {**_object(f"{_RBAC}/v1", kind, name, where), "rules": rules}
        yield {
            **_object(f"{_RBAC}/v1", f"{kind}Binding", name, where),
            "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": grant.role or name},
            "subjects": subjects,
        }


def _object(api_version: str, kind: str, name: str, namespace: str | None) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _keda(chart: Installed) -> Iterator[Grant]:
    operator, restricted = "keda-operator", chart.value("permissions", "operator", "restrict", "secret", default=False)
    watched = [name.strip() for name in str(chart.value("watchNamespace", default="")).split(",") if name.strip()]
    rules = [Rule(("create",), ("jobs",), "batch")]
    if not restricted:
        rules.append(Rule(("list", "watch"), ("secrets",)))
    if chart.value("rbac", "enabledCustomScaledRefKinds", default=True):
        rules.append(Rule(("get",), ("*",), "*"))
    if chart.value("permissions", "operator", "restrict", "allowAllServiceAccountTokenCreation", default=False):
        rules.append(Rule(("create",), ("serviceaccounts/token",)))
    yield Grant(operator, rules, sorted({*watched, chart.namespace}) if watched else ())
    certificates = [Rule(("get",), ("secrets",), names=("kedaorg-certs",)), Rule(("create", "update"), ("secrets",))]
    if restricted:
        certificates.append(Rule(_READ, ("secrets",)))
    yield Grant(operator, certificates, (chart.namespace,))
    yield Grant("keda-metrics-server")
    yield Grant("keda-webhook")


def _monitoring(chart: Installed) -> Iterator[Grant]:
    name = chart.full_name("kube-prometheus-stack")
    rights = chart.value("global", "rbac", "create", default=True)
    operator = [Rule(("*",), ("secrets",)), Rule(("*",), ("statefulsets",), "apps")]
    yield Grant(f"{name}-operator", operator if rights else ())
    certificates = [Rule(("get", "create"), ("secrets",))]
    yield Grant(f"{name}-admission", certificates if rights else (), (chart.namespace,) if rights else ())
    yield Grant(f"{name}-prometheus")
    yield Grant(f"{name}-alertmanager")
    # Sub-charts go by the name of the Helm release.
    metrics, own = chart.full_name("kube-state-metrics", "kube-state-metrics"), "kube-state-metrics"
    secrets = chart.value(own, "collectors", default=["secrets"])
    reads = "secrets" in secrets and "secrets" not in chart.value(own, "collectorsExclude", default=[])
    yield Grant(metrics, [Rule(("list", "watch"), ("secrets",))] if reads else ())
    yield Grant(chart.full_name("prometheus-node-exporter", "prometheus-node-exporter"))
    yield from _grafana(chart)


def _grafana(chart: Installed) -> Iterator[Grant]:
    account, role = chart.full_name("grafana", "grafana"), chart.value("grafana", "rbac", "useExistingRole")
    both = [Rule(_READ, ("configmaps", "secrets"))]
    if not chart.value("grafana", "rbac", "namespaced", default=False):
        yield Grant(account, both)
        return
    spaces = [*chart.value("grafana", "rbac", "namespaces", default=[]), chart.namespace]
    yield Grant(account, () if role else both, spaces, role or "")


def _envoy_gateway(chart: Installed) -> Iterator[Grant]:
    path = ("config", "envoyGateway", "provider", "kubernetes", "watch", "namespaces")
    yield Grant("envoy-gateway", [Rule(_READ, ("secrets",))], chart.value(*path, default=()))
    infrastructure = Rule(("create", "get", "list", "delete", "patch"), ("deployments", "daemonsets"), "apps")
    yield Grant("envoy-gateway", [infrastructure], (chart.namespace,))
    certificates = Rule(("get", "create", "update"), ("secrets",))
    yield Grant(f"{chart.full_name('gateway-helm')}-certgen", [certificates], (chart.namespace,))


def _ai_gateway(chart: Installed) -> Iterator[Grant]:
    account = chart.value("controller", "fullnameOverride", default="ai-gateway-controller")
    yield Grant(
        str(account),
        [Rule(("*",), ("services", "secrets", "pods")), Rule(("*",), ("deployments", "daemonsets"), "apps")],
    )


def _external_secrets(chart: Installed) -> Iterator[Grant]:
    name = chart.full_name("external-secrets")
    rules = [Rule((*_READ, *_WRITE), ("secrets",))]
    if chart.value("rbac", "serviceAccountTokenCreate", default=True):
        rules.append(Rule(("create",), ("serviceaccounts/token",)))
    scope = (str(chart.value("scopedNamespace") or chart.namespace),)
    account = str(chart.value("serviceAccount", "name") or name)
    yield Grant(account, rules, scope if chart.value("scopedRBAC", default=False) else ())
    if chart.value("webhook", "create", default=True):
        yield Grant(f"{name}-webhook")
    by_cert_manager = chart.value("webhook", "certManager", "enabled", default=False)
    if chart.value("certController", "create", default=True) and not by_cert_manager:
        yield Grant(f"{name}-cert-controller", [Rule(_READ, ("secrets",))])


def _cert_manager(chart: Installed) -> Iterator[Grant]:
    name = chart.full_name("cert-manager")
    yield Grant(name, [Rule((*_READ, *_WRITE), ("secrets",)), Rule((*_READ, "create", "delete"), ("pods",))])
    yield Grant(f"{name}-cainjector", [Rule(_READ, ("secrets",))])
    authority = Rule((*_READ, "update"), ("secrets",), names=(f"{name}-webhook-ca",))
    yield Grant(f"{name}-webhook", [authority, Rule(("create",), ("secrets",))], (chart.namespace,))
    yield Grant(f"{name}-startupapicheck")


def _gpu_operator(chart: Installed) -> Iterator[Grant]:
    in_its_own = (chart.namespace,)
    workloads = Rule((*_READ, *_WRITE), ("daemonsets", "deployments"), "apps")
    yield Grant("gpu-operator", [Rule((*_READ, *_WRITE), ("secrets", "pods")), workloads], in_its_own)
    yield Grant("nvidia-operator-validator", [Rule((*_READ, *_WRITE), ("pods",))], in_its_own)
    for account in ("node-feature-discovery", "node-feature-discovery-gc"):
        yield Grant(account)


def _nothing(chart: Installed) -> Iterator[Grant]:
    del chart
    return iter(())


_CHARTS: Final[Mapping[str, Callable[[Installed], Iterator[Grant]]]] = {
    "keda": _keda,
    "kube-prometheus-stack": _monitoring,
    "gateway-helm": _envoy_gateway,
    "ai-gateway-helm": _ai_gateway,
    # CRDs alone.
    "ai-gateway-crds-helm": _nothing,
    "external-secrets": _external_secrets,
    "cert-manager": _cert_manager,
    "gpu-operator": _gpu_operator,
}
