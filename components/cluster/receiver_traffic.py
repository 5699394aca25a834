"""Where Alertmanager sends notifications: a rule of its network policy for each kind of receiver."""

from pulumi_kubernetes.networking.v1 import NetworkPolicyEgressRuleArgsDict

from components.cluster.network_policies import https
from planning.plan import AlertingPlan, ChartTrafficPlan

_EVERYTHING = "0.0.0.0/0"
_HTTPS = 443


def receiver_traffic(plan: ChartTrafficPlan, alerting: AlertingPlan) -> list[NetworkPolicyEgressRuleArgsDict]:
    """Webhooks are on the internet; a mail server, and a webhook by its address, may be in a network of your own."""
    rules = []
    if any(receiver.email is None and receiver.url is None for receiver in alerting.receivers):
        rules.append(https(_EVERYTHING, but=plan.not_internet))
    ports = {int(receiver.email.smarthost.rpartition(":")[2]) for receiver in alerting.receivers if receiver.email}
    ports |= {_port(receiver.url) for receiver in alerting.receivers if receiver.url is not None}
    if ports:
        named: NetworkPolicyEgressRuleArgsDict = {
            "to": [{"ip_block": {"cidr": _EVERYTHING, "except_": list(plan.never)}}],
            "ports": [{"protocol": "TCP", "port": port} for port in sorted(ports)],
        }
        rules.append(named)
    return rules


def _port(url: str) -> int:
    host = url.removeprefix("https://").partition("/")[0]
    return int(host.rpartition(":")[2]) if ":" in host else _HTTPS
