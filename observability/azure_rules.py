"""The platform's rules as groups of Azure Monitor (Microsoft.AlertsManagement/prometheusRuleGroups).

Source: MicrosoftDocs/azure-monitor-docs articles/azure-monitor/metrics/prometheus-rule-groups.md of 2026-08-07.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from observability.rule import Alert, Recording, Severity
from observability.rule_groups import rule_groups
from planning.plan import Json, MonitoringPlan

# Sev0 is critical, Sev2 a warning, Sev3 informational.
_SEVERITIES: Final[Mapping[Severity, int]] = {"critical": 0, "warning": 2, "info": 3}
_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
# What Azure does too where an alert says nothing.
_RESOLVED_AFTER: Final = "5m"


class AzureGroup(Struct, frozen=True, kw_only=True):
    """One group: its rules are evaluated in their order, so that one finds what those before it have recorded."""

    name: str
    rules: Sequence[Alert | Recording]


def azure_groups(plan: MonitoringPlan, most_rules: int) -> list[AzureGroup]:
    """Every rule of the platform in exactly one group; one of more than `most_rules` goes on in others, from 2 on."""
    return [
        AzureGroup(name=name if part == 1 else f"{name}-{part}", rules=rules)
        for name, whole in rule_groups(plan).items()
        for part, rules in enumerate(_parts(whole, most_rules), start=1)
    ]


def azure_rule(
    rule: Alert | Recording, *, runbooks: str, severities: Sequence[str], actions: Sequence[Json]
) -> dict[str, Json]:
    """A rule as Azure has it; `actions` are those of alerts with one of these `severities`.

    Without an action an alert is shown in the portal alone. Azure knows no `keep_firing_for`: an alert
    is resolved when its expression has not held for that long.
    """
    as_prometheus = rule.rule(runbooks) if isinstance(rule, Alert) else rule.rule()
    common: dict[str, Json] = {"expression": rule.expression, "enabled": True}
    if "labels" in as_prometheus:
        common["labels"] = as_prometheus["labels"]
    if isinstance(rule, Recording):
        return {"record": rule.name, **common}
    waits: dict[str, Json] = {} if rule.wait is None else {"for": iso_duration(rule.wait)}
    return {
        "alert": rule.name,
        **common,
        **waits,
        "severity": _SEVERITIES[rule.severity],
        "annotations": as_prometheus["annotations"],
        "resolveConfiguration": {
            "autoResolved": True,
            "timeToResolve": iso_duration(rule.keep or _RESOLVED_AFTER),
        },
        **({"actions": list(actions)} if actions and rule.severity in severities else {}),
    }


def iso_duration(text: str) -> str:
    """A duration of Prometheus, such as `1h30m`, as ISO 8601 has it, such as `PT1H30M`.

    Raises:
        ValueError: it isn't made of whole days, hours, minutes and seconds.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"`{text}` is no duration of days, hours, minutes and seconds")
    days, *times = found.groups()
    clock = "".join(f"{int(count)}{unit}" for count, unit in zip(times, "HMS", strict=True) if count)
    return "P" + (f"{int(days)}D" if days else "") + (f"T{clock}" if clock else "")


def _parts(rules: Sequence[Alert | Recording], most: int) -> list[Sequence[Alert | Recording]]:
    return [rules[start : start + most] for start in range(0, len(rules), most)]
