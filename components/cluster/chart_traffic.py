"""What pods of charts may do on the network: their namespaces are closed, and these are the openings.

Each is a flow that a controller can't work without. Nobody reaches the metadata service and Azure's own address, which
no opening names. Ports and labels are the charts' own, at the versions of the catalog.

Two limits of what a NetworkPolicy can say. A webhook, or a server that the API server aggregates, is called from
wherever the cloud runs the API server, which is a subnet, a tunnel's pod or a node: its port is open to everyone, and
it asks for TLS. And no address range matches a node, behind Cilium: kubelets and node exporters are named by their
ports alone.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicy,
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicyPortArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import OPERATED_PODS, PROMETHEUS_PODS, PROXY_PODS, metadata, proxies_of
from components.cluster.limiter_traffic import limiter_traffic, without_api
from components.cluster.network_policies import DNS, deny_all, https, opening, pods, policy, tcp
from components.cluster.proxy_traffic import optional_traffic
from components.cluster.receiver_traffic import receiver_traffic
from components.foundation import KubernetesCluster
from planning.plan import AlertingPlan, CertificatesPlan, ChartTrafficPlan, ControllerPlan, GatewayPlan
from planning.plan.endpoint import HTTP_PORT, TOKEN_METRICS_PORT
from planning.plan.labels import MODEL

Openings = Mapping[str, NetworkPolicySpecArgsDict]

_EVERYTHING = "0.0.0.0/0"
_NAME, _COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
SECRETS_PODS = {_NAME: "external-secrets"}
_ALERTMANAGER = {**OPERATED_PODS, _NAME: "alertmanager"}
_GRAFANA = {_NAME: "grafana"}
_KEDA, _KEDA_METRICS = {"app": "keda-operator"}, {"app": "keda-operator-metrics-apiserver"}
# Prometheus and Alertmanager, and the reloader beside each.
_QUERIES, _ALERTS, _RELOADER = 9090, 9093, 8080
# Alertmanagers agree among themselves on who sends.
_GOSSIP = 9094
# The proxies' HTTP(S), which Envoy Gateway moves out of the ports of root; their metrics, and those of the AI gateway.
_PROXY_HTTP, _PROXY_HTTPS, _PROXY_METRICS = 10080, 10443, 19001
# What proxies ask Envoy Gateway for: configuration, limits and extensions.
_PROXY_CONFIGURATION = (18000, 18001, 18002)
_KUBELETS, _NODE_EXPORTERS, _COREDNS = 10250, 9100, 9153


def close(
    name: str, namespace: str, openings: Openings, *, parent: pulumi.Resource, cluster: KubernetesCluster,
    space: pulumi.Resource, after: Sequence[pulumi.Resource] = (),
) -> list[pulumi.Resource]:  # fmt: skip
    """The policies of a chart's namespace; its pods start after them, and they come after policies by name."""
    return [
        NetworkPolicy(
            f"{name}-traffic-{policy}",
            metadata=metadata(policy, namespace),
            spec=spec,
            opts=in_cluster(parent, cluster, space, *after),
        )
        for policy, spec in {"default-deny": deny_all(), **openings}.items()
    ]


def secrets_traffic(plan: ChartTrafficPlan) -> Openings:
    """External Secrets: the vault, and the public address where an identity's token is had (by name: `sign_in.py`)."""
    signs_in = [] if plan.sign_in_hosts else [https(_EVERYTHING, but=plan.not_internet)]
    return {
        "api-server": _api_clients(plan),
        "operator": opening(
            SECRETS_PODS,
            ingress=[_scraped(plan, 8080)],
            egress=[https(plan.vault), *signs_in],
        ),
        "webhook": opening({_NAME: "external-secrets-webhook"}, ingress=[_from_anyone(10250)]),
    }


def autoscaling_traffic(plan: ChartTrafficPlan) -> Openings:
    """KEDA: it queries Prometheus; the API server queries its metrics server, and that one the operator."""
    grpc = tcp(9666)
    return {
        "api-server": _api_clients(plan),
        "operator": opening(
            _KEDA,
            ingress=[{"from_": [pods(plan.autoscaler, _KEDA_METRICS)], "ports": grpc}, _scraped(plan, 8080)],
            egress=[{"to": [pods(plan.monitoring, PROMETHEUS_PODS)], "ports": tcp(_QUERIES)}],
        ),
        "metrics-server": opening(
            _KEDA_METRICS,
            ingress=[_from_anyone(6443)],
            egress=[{"to": [pods(plan.autoscaler, _KEDA)], "ports": grpc}],
        ),
        "webhook": opening({"app": "keda-admission-webhooks"}, ingress=[_from_anyone(9443)]),
    }


def certificates_traffic(certificates: CertificatesPlan) -> Openings:
    """cert-manager signs in the cluster; for an authority outside it reaches that, Azure, and a resolver by HTTPS.

    Nobody publishes the authority's addresses.
    """
    plan = certificates.traffic
    outside = [] if certificates.issuer is None else [https(_EVERYTHING, but=plan.not_internet)]
    return {
        "api-server": _api_clients(plan),
        "controller": opening({_COMPONENT: "controller"}, ingress=[_scraped(plan, 9402)], egress=outside),
        "webhook": opening({_COMPONENT: "webhook"}, ingress=[_from_anyone(10250)]),
    }


def gpu_operator_traffic(plan: ChartTrafficPlan) -> Openings:
    """GPU Operator: a driver that it installs is built from packages of the internet.

    That opening is there whoever owns the driver now: where the owner changes, the old pool's driver pods run until
    their nodes have gone, and the engine deletes a policy that is given up beside the pool, in no order.
    """
    driver = opening({_COMPONENT: "nvidia-driver"}, egress=[_addresses([_EVERYTHING], 80, 443, but=plan.not_internet)])
    return {
        "api-server": _api_clients(plan),
        "metrics": opening({}, ingress=[_scraped(plan, 8080, 9400)]),
        "driver": driver,
    }


def envoy_traffic(plan: GatewayPlan, extension_port: int) -> Openings:
    """Envoy Gateway and its proxies: clients, models, and what one has from the other."""
    around, controller = plan.traffic, dict(plan.envoy_controller.pods)
    doors = (_PROXY_HTTPS, *([_PROXY_HTTP] if plan.surface.http_redirect else []))
    configuration = tcp(*_PROXY_CONFIGURATION)
    models: NetworkPolicyPeerArgsDict = {
        **pods(around.models, {}),
        "pod_selector": {"match_expressions": [{"key": MODEL, "operator": "Exists"}]},
    }
    return {
        "dns": opening({}, egress=[DNS]),
        "api-server": policy(
            _all_but(_COMPONENT, PROXY_PODS[_COMPONENT], *without_api(plan)), (), [_api_server(around)]
        ),
        "controller": opening(
            controller,
            ingress=[
                {"from_": [pods(around.proxies, PROXY_PODS)], "ports": configuration},
                _scraped(around, _PROXY_METRICS),
                _from_anyone(9443),
            ],
            egress=[_to(plan.ai_controller, extension_port)],
        ),
        "proxies": opening(
            proxies_of(plan.gateway, plan.namespace),
            ingress=[_from_anyone(*doors), _scraped(around, _PROXY_METRICS, TOKEN_METRICS_PORT)],
            egress=[
                {"to": [models], "ports": tcp(HTTP_PORT)},
                {"to": [pods(around.proxies, controller)], "ports": configuration},
                *_outside(plan),
            ],
        ),
        # The Job that gets the chart, for its CRDs.
        "chart-crds": opening({_NAME: plan.envoy_crds.account}, egress=[https(_EVERYTHING, but=around.not_internet)]),
        **limiter_traffic(plan),
        **optional_traffic(plan),
    }


def _outside(plan: GatewayPlan) -> list[NetworkPolicyEgressRuleArgsDict]:
    """The way to managed models, where no policy by names (`named_traffic`) has it: they publish no addresses."""
    everywhere = bool(plan.fallback_hosts) and not plan.hosts_by_name
    return [https(_EVERYTHING, but=plan.traffic.not_internet)] if everywhere else []


def ai_gateway_traffic(plan: GatewayPlan) -> Openings:
    """The AI gateway's controller, apart from who reaches it."""
    return {"api-server": _api_clients(plan.traffic)}


def monitoring_traffic(plan: ChartTrafficPlan, alerting: AlertingPlan, *, without_api: Sequence[str]) -> Openings:
    """Prometheus and what belongs to it; pods of the names `without_api` leave the API server alone."""
    prometheus, alertmanager = pods(plan.monitoring, PROMETHEUS_PODS), pods(plan.monitoring, _ALERTMANAGER)
    grafana, keda = pods(plan.monitoring, _GRAFANA), pods(plan.autoscaler, _KEDA)
    gossip: list[NetworkPolicyPortArgsDict] = [*tcp(_GOSSIP), {"protocol": "UDP", "port": _GOSSIP}]
    return {
        "dns": opening({}, egress=[DNS]),
        "api-server": policy(_all_but(_NAME, _ALERTMANAGER[_NAME], *without_api), (), [_api_server(plan)]),
        "prometheus": opening(
            PROMETHEUS_PODS,
            ingress=[
                {"from_": [prometheus, grafana, keda], "ports": tcp(_QUERIES)},
                _scraped(plan, _RELOADER),
            ],
            egress=[
                {"to": [_namespaces(plan.scraped)]},
                {"to": [pods("kube-system", {"k8s-app": "kube-dns"})], "ports": tcp(_COREDNS)},
                {"ports": tcp(_KUBELETS, _NODE_EXPORTERS)},
            ],
        ),
        "alertmanager": opening(
            _ALERTMANAGER,
            ingress=[
                {"from_": [prometheus, grafana], "ports": tcp(_ALERTS)},
                _scraped(plan, _RELOADER),
                {"from_": [alertmanager], "ports": gossip},
            ],
            egress=[{"to": [alertmanager], "ports": gossip}, *receiver_traffic(plan, alerting)],
        ),
        "grafana": opening(
            _GRAFANA,
            ingress=[_scraped(plan, 3000)],
            egress=[
                {"to": [prometheus], "ports": tcp(_QUERIES)},
                {"to": [alertmanager], "ports": tcp(_ALERTS)},
            ],
        ),
        "operator": opening({_COMPONENT: "prometheus-operator"}, ingress=[_from_anyone(10250)]),
        "kube-state-metrics": opening({_NAME: "kube-state-metrics"}, ingress=[_scraped(plan, 8080, 8081)]),
    }


def _api_clients(plan: ChartTrafficPlan) -> NetworkPolicySpecArgsDict:
    """Every pod of the namespace finds names, and uses the API server."""
    return opening({}, egress=[DNS, _api_server(plan)])


def _api_server(plan: ChartTrafficPlan) -> NetworkPolicyEgressRuleArgsDict:
    return https(plan.api_server)


def _scraped(plan: ChartTrafficPlan, *ports: int) -> NetworkPolicyIngressRuleArgsDict:
    return {"from_": [pods(plan.monitoring, PROMETHEUS_PODS)], "ports": tcp(*ports)}


def _from_anyone(*ports: int) -> NetworkPolicyIngressRuleArgsDict:
    return {"ports": tcp(*ports)}


def _to(controller: ControllerPlan, port: int) -> NetworkPolicyEgressRuleArgsDict:
    return {"to": [pods(controller.namespace, dict(controller.pods))], "ports": tcp(port)}


def _addresses(ranges: Sequence[str], *ports: int, but: Sequence[str]) -> NetworkPolicyEgressRuleArgsDict:
    return {"to": [{"ip_block": {"cidr": cidr, "except_": list(but)}} for cidr in ranges], "ports": tcp(*ports)}


def _namespaces(names: Sequence[str]) -> NetworkPolicyPeerArgsDict:
    return {
        "namespace_selector": {
            "match_expressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(names)}]
        }
    }


def _all_but(label: str, *values: str) -> LabelSelectorArgsDict:
    """Pods without these values of a label, also those that lack the label."""
    return {"match_expressions": [{"key": label, "operator": "NotIn", "values": list(values)}]}
