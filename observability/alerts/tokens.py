"""Alerts on tokens of Microsoft Entra: proxies need the directory's public keys to check them."""

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics


def token_alerts(plan: MonitoringPlan) -> list[Alert]:
    """None where the gateway takes no tokens."""
    if not plan.takes_tokens:
        return []
    return [
        Alert(
            # A proxy fetches them every five minutes, and every ten seconds while it can't.
            name="TokenKeysNotFetched",
            expression=f"count(increase({metrics.TOKEN_KEY_FAILURES}[10m]) > 0 "
            f"unless increase({metrics.TOKEN_KEYS_FETCHED}[10m]) > 0)",
            wait="5m",
            severity="warning",
            summary="{{ $value }} of the gateway's proxies can't fetch the keys that tokens of Microsoft Entra are "
            "checked with",
            impact="a proxy that starts now refuses every token with 401, and one that runs refuses those of a new "
            "key; API keys go on",
            owner="platform",
        )
    ]
