"""What breaks and what keeps each rule of planning/rules/azure_monitor.py."""

from typing import Any

from rule_cases.case import Case, Changes
from rule_cases.observability import mail

_ADMINS, _OTHERS = "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004"
_ADDRESS = {"emails": ["azure@acme.example"]}


def _rules(**keys: Any) -> Changes:
    return {"observability.azure_monitor": {"rules": keys}}


def _grafana(**keys: Any) -> Changes:
    return {"observability.azure_monitor": {"grafana": {"admins": [_ADMINS], **keys}}}


# Alertmanager writes to on-call@acme.example.
_MAILED = {"observability.receivers": [mail(587)]}
_SAME = "On-Call@acme.example"

CASES: dict[str, Case] = {
    "AZMON-UNSENT": Case(_rules(), _rules(**_ADDRESS)),
    "AZMON-TWICE": Case(
        {**_MAILED, **_rules(emails=[_SAME])}, {**_MAILED, **_rules(emails=[_SAME], severity="critical")}
    ),
    "AZMON-REPLICAS": Case(
        {"observability.azure_monitor": {}, "observability.replicas": 2},
        {"observability.azure_monitor": {}, "observability.replicas": 1},
    ),
    "AZMON-REGION": Case(_grafana(region="eastus9"), _grafana(region="eastus2")),
    "AZMON-ZONES": Case(
        _grafana(region="francesouth", zone_redundant=True), _grafana(region="eastus2", zone_redundant=True)
    ),
    "AZMON-GROUP-TWICE": Case(_grafana(viewers=[_OTHERS, _ADMINS]), _grafana(viewers=[_OTHERS])),
}
