"""Mistakes in Azure Monitor."""

from broken.change import Broken, put

_MONITOR = "observability.azure_monitor"
_RULES, _GRAFANA = f"{_MONITOR}.rules", f"{_MONITOR}.grafana"
_GROUP = "00000000-0000-4000-8000-000000000003"
_ID = "/subscriptions/00000000-0000-4000-8000-000000000002/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/"


def _grafana(**keys: object) -> dict[str, object]:
    return {"grafana": {"admins": [_GROUP], **keys}}


TABLE = (
    Broken(
        "Managed Grafana in which nobody may change anything",
        (put(_MONITOR, {"grafana": {}}),),
        {("CFG-MISSING", f"{_GRAFANA}.admins"): ("Grafana Admin",)},
    ),
    Broken(
        "an empty list of admins of Grafana",
        (put(_MONITOR, {"grafana": {"admins": []}}),),
        {("CFG-VALUE", f"{_GRAFANA}.admins"): ("at least one",)},
    ),
    Broken(
        "admins of Grafana by the name of their group",
        (put(_MONITOR, {"grafana": {"admins": ["sre"]}}),),
        {("CFG-VALUE", f"{_GRAFANA}.admins[0]"): ("sre", "GUID")},
    ),
    Broken(
        "Grafana in a region that is none",
        (put(_MONITOR, _grafana(region="eastusa")),),
        {("AZMON-REGION", f"{_GRAFANA}.region"): ("`eastusa`", "eastus")},
    ),
    Broken(
        "Grafana in zones of a region without any",
        (put(_MONITOR, _grafana(region="francesouth", zone_redundant=True)),),
        {("AZMON-ZONES", f"{_GRAFANA}.zone_redundant"): ("`francesouth` has no availability zones",)},
    ),
    Broken(
        "an action group by its name",
        (put(_MONITOR, {"rules": {"action_groups": ["on-call"]}}),),
        {("CFG-VALUE", f"{_RULES}.action_groups[0]"): ("on-call", "az monitor action-group list")},
    ),
    Broken(
        "the id of an alert as an action group",
        (put(_MONITOR, {"rules": {"action_groups": [f"{_ID}on-call".replace("actionGroups", "metricAlerts")]}}),),
        {("CFG-VALUE", f"{_RULES}.action_groups[0]"): ("has the wrong form", "action groups")},
    ),
    Broken(
        "more action groups than an alert of Azure takes beside the platform's own",
        (put(_MONITOR, {"rules": {"action_groups": [f"{_ID}{name}" for name in "abcde"]}}),),
        {("CFG-VALUE", f"{_RULES}.action_groups"): ("4 at most",)},
    ),
    Broken(
        "an action group twice, as two tools print it",
        (put(_MONITOR, {"rules": {"action_groups": [f"{_ID}on-call", f"{_ID}On-Call"]}}),),
        {("LIST-TWICE", f"{_RULES}.action_groups[1]"): ("On-Call", "leave it out")},
    ),
    Broken(
        "an address of Azure's alerts without a host",
        (put(_MONITOR, {"rules": {"emails": ["on-call"]}}),),
        {("CFG-VALUE", f"{_RULES}.emails[0]"): ("on-call@acme.example",)},
    ),
    Broken(
        "a severity of Azure in place of the platform's",
        (put(_MONITOR, {"rules": {"emails": ["a@acme.example"], "severity": "Sev2"}}),),
        {("CFG-VALUE", f"{_RULES}.severity"): ("`critical`, `warning`",)},
    ),
    Broken(
        "Azure's collector in place of Prometheus in the cluster",
        (put(_MONITOR, {"mode": "managed"}),),
        {("CFG-UNKNOWN-KEY", f"{_MONITOR}.mode"): ("rules", "grafana")},
    ),
)
