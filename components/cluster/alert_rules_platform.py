"""Alerts on what everything else rests on: certificates, webhooks, the gateway's policies, secrets, GPU nodes."""

import re

from components.cluster.alert import Alert
from planning.plan import metrics

# cert-manager renews a certificate of 90 days 30 days before its end: one with 14 days left was not renewed.
_RENEWED_DAYS = 14
# The gateway's own comes from the vault: somebody has to order a new one.
_ORDERED_DAYS = 21
_SECONDS_PER_DAY = 86_400


def platform_alerts(gpu_nodes: tuple[str, str], proxies: str) -> list[Alert]:
    """Alerts that no model has a part in.

    `gpu_nodes` is the label of nodes with GPUs, and its value; `proxies` the namespace of the gateway's proxies.
    """
    return [*_certificates(), *_objects(), _proxies(proxies), _gpu_nodes(*gpu_nodes)]


def _certificates() -> list[Alert]:
    days_left = f"({metrics.CERTIFICATE_ENDS} - time()) / {_SECONDS_PER_DAY}"
    return [
        Alert(
            name="CertificateNotRenewed",
            expression=f"{days_left} < {_RENEWED_DAYS}",
            wait="1h",
            severity="critical",
            summary='certificate {{ $labels.name }} ends in {{ $value | printf "%.0f" }} days and is not renewed: '
            "without the webhook that it is for, no proxy of the gateway can start",
        ),
        Alert(
            # Envoy counts the certificate that ends first, its listener's as well as those towards its controller.
            name="GatewayCertificateEnds",
            expression=f"min({metrics.PROXY_CERTIFICATE_DAYS}) < {_ORDERED_DAYS}",
            wait="1h",
            severity="warning",
            summary="a certificate of the gateway ends in {{ $value }} days: put a new one into the vault",
        ),
        Alert(
            name="GatewayCertificateEndsSoon",
            expression=f"min({metrics.PROXY_CERTIFICATE_DAYS}) < 7",
            wait="1h",
            severity="critical",
            summary="a certificate of the gateway ends in {{ $value }} days: put a new one into the vault",
        ),
        Alert(
            name="WebhookFails",
            expression="sum by (name) (increase("
            f'{metrics.WEBHOOK_REJECTIONS}{{error_type="calling_webhook_error"}}[10m])) > 0',
            wait="5m",
            severity="critical",
            summary="the API server can't call the webhook {{ $labels.name }} and refuses what it should check",
        ),
    ]


def _objects() -> list[Alert]:
    kind = "customresource_kind"
    return [
        Alert(
            # A policy that is refused takes its whole target down, or leaves it open.
            name="GatewayPolicyRefused",
            expression=f"max by ({kind}, namespace, name, ancestor) ({metrics.POLICY_ACCEPTED}) == 0",
            wait="5m",
            severity="critical",
            summary=f"{{{{ $labels.{kind} }}}} {{{{ $labels.name }}}} is not accepted for {{{{ $labels.ancestor }}}}",
        ),
        Alert(
            name="GatewayNotProgrammed",
            expression=_without('customresource_kind="Gateway",condition=~"Accepted|Programmed"'),
            wait="10m",
            severity="critical",
            summary="gateway {{ $labels.name }} is not {{ $labels.condition }}: changes don't reach the proxies",
        ),
        Alert(
            name="RouteRefused",
            expression=_without('customresource_kind=~"AIGatewayRoute|AIServiceBackend",condition="Accepted"'),
            wait="10m",
            severity="critical",
            summary=f"{{{{ $labels.{kind} }}}} {{{{ $labels.namespace }}}}/{{{{ $labels.name }}}} is not accepted",
        ),
        Alert(
            name="SecretNotSynced",
            expression=_without('customresource_kind=~"ExternalSecret|ClusterSecretStore",condition="Ready"'),
            wait="15m",
            severity="warning",
            summary=f"{{{{ $labels.{kind} }}}} {{{{ $labels.name }}}} is not ready: its Secret is old, or missing",
        ),
    ]


def _proxies(namespace: str) -> Alert:
    return Alert(
        # One container without a request is enough; the fewest proxies hide it until there is load.
        name="GatewayNotScaling",
        expression=f"max by (namespace, horizontalpodautoscaler) ({metrics.AUTOSCALER_CONDITION}"
        f'{{namespace="{namespace}",condition="ScalingActive",status="false"}}) == 1',
        wait="15m",
        severity="warning",
        summary="{{ $labels.horizontalpodautoscaler }} can't act: the gateway keeps its fewest proxies under any load",
    )


def _without(selector: str) -> str:
    """Objects whose condition is not True."""
    return f"max by (customresource_kind, namespace, name, condition) ({metrics.OBJECT_CONDITION}{{{selector}}}) == 0"


def _gpu_nodes(label: str, value: str) -> Alert:
    labelled = f'{metrics.NODE_LABELS}{{label_{re.sub(r"[^A-Za-z0-9_]", "_", label)}="{value}"}}'
    return Alert(
        # The driver may be there and the device plugin find nothing, for ever: the node is paid for and takes no pod.
        name="GPUNodeWithoutGPUs",
        expression=f"max by (node) ({labelled}) "
        f'unless on (node) (sum by (node) ({metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.*"}}) > 0)',
        wait="30m",
        severity="warning",
        summary="{{ $labels.node }} is a GPU node that offers no GPU: see its device plugin, or delete the machine",
    )
