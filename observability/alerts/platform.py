"""Alerts on what everything else rests on: certificates, webhooks, and objects that their controller refuses."""

from observability.object_conditions import condition
from observability.rule import Alert, Owner, Severity
from planning.plan import metrics

# cert-manager renews a certificate of 90 days 30 days before its end: one with 14 days left was not renewed.
_RENEWED_DAYS = 14
_SECONDS_PER_DAY = 86_400
_KIND = "{{ $labels.customresource_kind }}"
_NAME = "{{ $labels.name }}"


def platform_alerts(proxies: str) -> list[Alert]:
    """Alerts that no model has a part in; `proxies` is the namespace of the gateway's proxies."""
    return [
        _not_renewed(),
        # The gateway's own certificate comes from the vault: somebody has to order a new one.
        _gateway_certificate("GatewayCertificateEnds", days=21, severity="warning"),
        _gateway_certificate("GatewayCertificateEndsSoon", days=7, severity="critical"),
        Alert(
            name="WebhookFails",
            expression="sum by (name) (increase("
            f'{metrics.WEBHOOK_REJECTIONS}{{error_type="calling_webhook_error"}}[10m])) > 0',
            wait="5m",
            severity="critical",
            summary=f"the API server can't call the webhook {_NAME} and refuses what it should check",
            impact="objects that the webhook checks can't be changed, pods that it changes can't start",
            owner="platform",
        ),
        Alert(
            # A policy that is refused takes its whole target down, or leaves it open.
            name="GatewayPolicyRefused",
            expression=f"max by (customresource_kind, namespace, name, ancestor) ({metrics.POLICY_ACCEPTED}) == 0",
            wait="5m",
            severity="critical",
            summary=f"{_KIND} {_NAME} is not accepted for {{{{ $labels.ancestor }}}}",
            impact="every request of the policy's target is refused, or passes without what the policy asks for",
            owner="security",
        ),
        _object(
            "GatewayNotProgrammed", "Gateway", "Accepted|Programmed", "10m", "critical",
            f"gateway {_NAME} is not {{{{ $labels.condition }}}}: changes don't reach the proxies",
            impact="proxies serve what they had: new models, keys and certificates have no effect",
        ),
        _object(
            "RouteRefused", "AIGatewayRoute|AIServiceBackend", "Accepted", "10m", "critical",
            f"{_KIND} {{{{ $labels.namespace }}}}/{_NAME} is not accepted",
            impact="the model can't be reached, or is served as it was before the last change",
        ),
        _object(
            "SecretNotSynced", "ExternalSecret|SecretStore", "Ready", "15m", "warning",
            f"{_KIND} {{{{ $labels.namespace }}}}/{_NAME} is not ready: its Secret is old, or missing",
            impact="a key that was taken away still works, a new one doesn't; pods without their Secret don't start",
            owner="security",
        ),
        _object(
            "CertificateNotReady", "Certificate", "Ready", "15m", "critical",
            f"certificate {_NAME} is not ready: the webhook that it is for can't be called",
            impact="no proxy of the gateway can start, and none is replaced",
            owner="security",
        ),
        Alert(
            # One container without a request is enough; the fewest proxies hide it until there is load.
            name="GatewayNotScaling",
            expression=inactive_autoscaler(proxies),
            wait="15m",
            severity="warning",
            summary="{{ $labels.horizontalpodautoscaler }} can't act: the gateway keeps its fewest proxies under any "
            "load",
            impact="under load every request is slow, and connections are refused",
            owner="platform",
        ),
    ]  # fmt: skip


def inactive_autoscaler(namespace: str) -> str:
    """Autoscalers of a namespace that get no value to scale by."""
    return (
        f"max by (namespace, horizontalpodautoscaler) ({metrics.AUTOSCALER_CONDITION}"
        f'{{namespace="{namespace}",condition="ScalingActive",status="false"}}) == 1'
    )


def _not_renewed() -> Alert:
    return Alert(
        # Its end is 0 until a certificate is issued for the first time, which CertificateNotReady reports.
        name="CertificateNotRenewed",
        expression=f"(min by (namespace, name) ({metrics.CERTIFICATE_ENDS} != 0) - time()) / {_SECONDS_PER_DAY} "
        f"< {_RENEWED_DAYS}",
        wait="1h",
        severity="critical",
        summary=f'certificate {_NAME} ends in {{{{ $value | printf "%.0f" }}}} days and is not renewed: '
        "without the webhook that it is for, no proxy of the gateway can start",
        impact="at its end no proxy of the gateway can start, and none is replaced",
        owner="security",
    )


def _gateway_certificate(name: str, *, days: int, severity: Severity) -> Alert:
    return Alert(
        # Envoy counts the certificate that ends first, its listener's as well as those towards its controller.
        name=name,
        expression=f"min({metrics.PROXY_CERTIFICATE_DAYS}) < {days}",
        wait="1h",
        severity=severity,
        summary="a certificate of the gateway ends in {{ $value }} days: put a new one into the vault",
        impact="at its end every client refuses the gateway, or the gateway no longer gets its configuration",
        owner="security",
    )


def _object(
    name: str, kinds: str, conditions: str, wait: str, severity: Severity, summary: str, *, impact: str,
    owner: Owner = "platform",
) -> Alert:  # fmt: skip
    """An alert on objects of these kinds of which one of these conditions is not True."""
    return Alert(
        name=name,
        expression=f"{condition(kinds, conditions)} == 0",
        wait=wait,
        severity=severity,
        summary=summary,
        impact=impact,
        owner=owner,
    )
