"""Stacks with an Azure Monitor workspace, as tests look at their graphs."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.alerts.expositions import LIMITED, sections_watched
from tests.graph.stacks import Entry, Sections, graph_of

ADMINS, VIEWERS = "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000009"
OTHER = f"/subscriptions/{ADMINS}/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/on-call"
WHOLE: Mapping[str, Any] = {
    "rules": {"emails": ["azure@acme.example"], "action_groups": [OTHER]},
    "grafana": {"admins": [ADMINS], "viewers": [VIEWERS]},
}
# In the last one a model promises something: queries of many windows are recorded.
STACKS = ("dev", "prod", LIMITED)
RECORDING = LIMITED


@cache
def _monitored(stack: str, settings: str, more: str = "{}") -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        sections |= sections_watched(stack)
        sections.setdefault("observability", {})["azure_monitor"] = json.loads(settings)
        for path, value in json.loads(more).items():
            section, key = path.split(".")
            sections.setdefault(section, {})[key] = value

    return tuple(graph_of("dev" if stack == LIMITED else stack, change).to_json())


def monitored(stack: str = "dev", settings: Mapping[str, Any] = WHOLE, **more: Any) -> tuple[Entry, ...]:
    """A stack with Azure Monitor; `more` are other settings, as `observability.replicas`."""
    return _monitored(stack, json.dumps(settings), json.dumps(more.get("more", {})))


def of(entries: tuple[Entry, ...], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry["type"] == f"azure-native:{kind}"]


def named(entries: tuple[Entry, ...], name: str) -> Entry:
    (found,) = [entry for entry in entries if entry["name"] == name]
    return found


def prometheus(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return named(entries, "monitoring-release")["inputs"]["values"]["prometheus"]


def rules(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    groups = of(entries, "alertsmanagement:PrometheusRuleGroup")
    return [rule for group in groups for rule in group["inputs"]["rules"]]
