"""For each policy about objects of a cluster what it accepts and what it refuses."""

from collections.abc import Mapping
from typing import Any

from policy_cases import Case, made, nested

from policy.resources import Resource

_INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
_LICENSE = "llm-platform/license"
_KUBECTL = "kubernetes:rbac.authorization.k8s.io/v1:"


def pod(container: Mapping[str, Any], **spec: Any) -> Resource:
    whole = {"containers": [{"name": "main", **container}], **spec}
    template = {"metadata": {"labels": {"app": "chat"}}, "spec": whole}
    body = {"metadata": {"name": "chat", "namespace": "llm"}, "spec": {"replicas": 2, "template": template}}
    return made("kubernetes:apps/v1:Deployment", body)


def confined(**context: Any) -> Resource:
    return pod({"securityContext": context})


def image(name: str) -> Resource:
    return pod({"image": name})


def _object(type_: str, name: str = "it", namespace: str = "llm", **body: Any) -> Resource:
    return made(f"kubernetes:{type_}", {"metadata": {"name": name, "namespace": namespace}, **body}, name)


def _namespace(name: str, level: str | None) -> Resource:
    labels = {} if level is None else {"pod-security.kubernetes.io/enforce": level}
    return made("kubernetes:core/v1:Namespace", {"metadata": {"name": name, "labels": labels}}, name)


def _deployment(replicas: int, name: str = "chat") -> Resource:
    labels = {"metadata": {"labels": {"app": name}}}
    return _object("apps/v1:Deployment", name, spec={"replicas": replicas, "template": labels})


def _scaled(fewest: int) -> Resource:
    spec = {"minReplicaCount": fewest, "scaleTargetRef": {"name": "chat"}}
    return _object("keda.sh/v1alpha1:ScaledObject", "chat", spec=spec)


def _service(kind: str, **annotations: str) -> Resource:
    annotated = {"metadata": {"name": "it", "namespace": "llm", "annotations": annotations}}
    return made("kubernetes:core/v1:Service", {**annotated, "spec": {"type": kind}})


def _proxy(service: Mapping[str, Any]) -> Resource:
    return _object(
        "gateway.envoyproxy.io/v1alpha1:EnvoyProxy", spec=nested("provider.kubernetes.envoyService", service)
    )


def _model(**annotations: str) -> Resource:
    labels = {"metadata": {"labels": {"llm-platform/model": "chat"}}}
    annotated = {"metadata": {"name": "chat", "namespace": "llm", "annotations": annotations}}
    return made("kubernetes:apps/v1:Deployment", {**annotated, "spec": {"template": labels}}, "chat")


CASES: Mapping[str, Case] = {
    "pod-not-privileged": Case((confined(), confined(privileged=False)), ((confined(privileged=True), "privileged"),)),
    "pod-no-privilege-escalation": Case(
        (confined(allowPrivilegeEscalation=False),), ((confined(), "allowPrivilegeEscalation"),)
    ),
    "pod-no-capabilities": Case(
        (confined(capabilities={"drop": ["ALL"]}), confined(capabilities={"drop": ["ALL"], "add": ["CHOWN"]})),
        (
            (confined(capabilities={"drop": ["CHOWN"]}), "keeps capabilities"),
            (confined(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "adds the capability SYS_ADMIN"),
        ),
        {"allowed": ["CHOWN"]},
    ),
    "pod-not-root": Case(
        (confined(runAsNonRoot=True), pod({}, securityContext={"runAsNonRoot": True})),
        (
            (confined(), "may run as root"),
            (pod({"securityContext": {"runAsNonRoot": False}}, securityContext={"runAsNonRoot": True}), "as root"),
            (pod({"securityContext": {"runAsNonRoot": True}}, initContainers=[{"name": "first"}]), "container first"),
        ),
    ),
    "pod-read-only-root": Case((confined(readOnlyRootFilesystem=True),), ((confined(), "writable"),)),
    "pod-no-host-access": Case(
        (pod({}, volumes=[{"name": "a", "emptyDir": {}}]),),
        (
            (pod({}, hostNetwork=True), "hostNetwork"),
            (pod({}, hostPID=True), "hostPID"),
            (pod({}, hostIPC=True), "hostIPC"),
            (pod({}, volumes=[{"name": "a", "hostPath": {"path": "/"}}]), "folder of the node"),
        ),
    ),
    "pod-no-api-token": Case(
        (pod({}, automountServiceAccountToken=False), pod({}, serviceAccountName="crds")),
        ((pod({}), "token"), (pod({}, serviceAccountName="other"), "token")),
        {"service_accounts": ["crds"]},
    ),
    "pod-memory-limit": Case(
        (pod({"resources": {"limits": {"memory": "1Gi"}}}),), ((pod({"resources": {"limits": {"cpu": 1}}}), "memory"),)
    ),
    "pod-no-secret-variables": Case(
        (pod({"env": [{"name": "A", "value": "1"}]}),),
        ((pod({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "b"}}}]}), "the variable A"),),
    ),
    "image-no-latest": Case(
        (image("a/b:1"), image("localhost:5000/b:1"), image("a/b@sha256:1"), image("[unknown]")),
        ((image("a/b:latest"), "a/b:latest"), (image("localhost:5000/b"), "changes without notice")),
    ),
    "image-digest": Case((image("a/b:1@sha256:1"), image("[unknown]")), ((image("a/b:1"), "no digest"),)),
    "image-registries": Case(
        (image("acr1.azurecr.io/a"), image("mcr.microsoft.com/a"), image("[unknown]")),
        (
            (image("vllm/vllm-openai:v1"), "from docker.io"),
            (image("azurecr.io.example/a"), "azurecr.io.example"),
            (image("evilmcr.microsoft.com/a"), "evilmcr.microsoft.com"),
        ),
        {"registries": ["mcr.microsoft.com", "*.azurecr.io"]},
    ),
    "namespace-pod-security": Case(
        (_namespace("llm", "restricted"), _namespace("a", "baseline"), _namespace("gpu-operator", "privileged")),
        ((_namespace("llm", "privileged"), "privileged"), (_namespace("llm", None), "not set")),
    ),
    "namespace-network-policy": Case(
        (
            (_namespace("llm", None), _object("networking.k8s.io/v1:NetworkPolicy", spec={"podSelector": {}})),
            _namespace("kept-open", None),
        ),
        (
            (_namespace("llm", None), "no network policy"),
            (
                (
                    _namespace("llm", None),
                    _object("networking.k8s.io/v1:NetworkPolicy", spec={"podSelector": {"matchLabels": {"app": "a"}}}),
                ),
                "no network policy",
            ),
        ),
        {"open": ["kept-open"]},
    ),
    "namespace-not-default": Case(
        (_object("core/v1:ConfigMap"),), ((_object("core/v1:ConfigMap", namespace="default"), "namespace default"),)
    ),
    "load-balancer-internal": Case(
        (
            _service("ClusterIP"),
            _service("LoadBalancer", **{_INTERNAL: "true"}),
            _proxy({"type": "ClusterIP"}),
            _proxy({"annotations": {_INTERNAL: "true"}}),
        ),
        (
            (_service("LoadBalancer"), "public address"),
            (_service("LoadBalancer", **{_INTERNAL: "false"}), "public address"),
            (_proxy({}), "public address"),
            (_object("gateway.envoyproxy.io/v1alpha1:EnvoyProxy"), "public address"),
        ),
    ),
    "gateway-https": Case(
        (_object("gateway.networking.k8s.io/v1:Gateway", spec={"listeners": [{"name": "a", "protocol": "HTTPS"}]}),),
        (
            (
                _object(
                    "gateway.networking.k8s.io/v1:Gateway", spec={"listeners": [{"name": "a", "protocol": "HTTP"}]}
                ),
                "takes HTTP",
            ),
        ),
    ),
    "gateway-tls": Case(
        (_object("gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy", spec={"tls": {"minVersion": "1.3"}}),),
        (
            (_object("gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy", spec={"tls": {"minVersion": "1.0"}}), "1.0"),
            (_object("gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy", spec={}), "as the proxy decides"),
        ),
    ),
    "rbac-no-cluster-admin": Case(
        (made(f"{_KUBECTL}ClusterRoleBinding", {"roleRef": {"name": "view"}}),),
        ((made(f"{_KUBECTL}ClusterRoleBinding", {"roleRef": {"name": "cluster-admin"}}), "administrator"),),
    ),
    "rbac-no-wildcards": Case(
        (
            made(f"{_KUBECTL}Role", {"metadata": {"name": "operator"}, "rules": [{"verbs": ["*"]}]}),
            made(f"{_KUBECTL}Role", {"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]}),
        ),
        (
            (made(f"{_KUBECTL}Role", {"rules": [{"verbs": ["*"], "resources": ["pods"]}]}), "verbs"),
            (made(f"{_KUBECTL}ClusterRole", {"rules": [{"verbs": ["get"], "resources": ["*"]}]}), "resources"),
        ),
        {"roles": ["operator"]},
    ),
    "model-replicas": Case(
        (_deployment(2), _deployment(0), (_deployment(1), _scaled(2)), (_deployment(1), _scaled(0))),
        ((_deployment(1), "at least 1"), ((_deployment(2), _scaled(1)), "at least 1")),
    ),
    "model-license": Case(
        (
            _model(**{_LICENSE: "apache-2.0"}),
            _model(**{_LICENSE: "apache-2.0,mit"}),
            _deployment(1),
            _service("ClusterIP"),
        ),
        (
            (_model(), "the licence of the model chat is not stated"),
            (_model(**{_LICENSE: "llama3.3"}), "the licence llama3.3, allowed: apache-2.0, mit"),
            (_model(**{_LICENSE: "mit,gemma"}), "the licence gemma"),
        ),
        {"licenses": ["apache-2.0", "mit"]},
    ),
    "model-disruption-budget": Case(
        (
            (
                _deployment(2),
                _object("policy/v1:PodDisruptionBudget", spec={"selector": {"matchLabels": {"app": "chat"}}}),
            ),
            _deployment(0),
        ),
        (
            (_deployment(2), "no budget"),
            (
                (
                    _deployment(2),
                    _object("policy/v1:PodDisruptionBudget", spec={"selector": {"matchLabels": {"app": "other"}}}),
                ),
                "no budget",
            ),
        ),
    ),
}
