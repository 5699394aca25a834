"""What is listed twice in a stack file is an error, in every list that its schema has."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from planning_stacks import CATALOG, changed
from pydantic import BaseModel

import config
from config.base import REPEATABLE
from config.settings import Settings
from planning import assess

GROUP, OTHER = "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004"
ACTIONS = f"/subscriptions/{OTHER}/resourceGroups/rg/providers/Microsoft.Insights/actionGroups/on-call"
CLIENT = {"name": "playground", "key_secret": "key-playground"}
SLACK = {"name": "team", "kind": "slack", "secret": "slack-webhook"}
MAIL = {"to": ["a@acme.example", "a@acme.example"], "sender": "b@acme.example", "smarthost": "mail.acme.example:587"}
API = {"name": "gpt", "usd_per_million_input_tokens": 1}
SINCE = {"since": "2026-12-01"}
PRICE = {"model": "chat", "usd_per_million_input_tokens": 1}
APPLICATION = {"tenant": "playground", "client_ids": [GROUP]}
IMAGE = {"repository": "platform/guardrails", "digest": "sha256:" + "a" * 64}
POLICY: dict[str, Any] = {"name": "standard", "guard": {"azure": {}}}
SHIPPED = changed({})


def front(applications: list[Any]) -> dict[str, Any]:
    """API Management that asks for tokens of these applications."""
    return {
        "sku": "Premium", "publisher_name": "Acme", "publisher_email": "platform@acme.example",
        "subnet": "10.20.67.0/27", "entra": {"audience": "api://acme-llm", "applications": applications},
    }  # fmt: skip


# For each list of the schema: a place in the development stack, and what is written there.
TWICE: dict[str, tuple[str, Any]] = {
    "access.model_publisher": ("access", {"model_publisher": [GROUP, GROUP]}),
    "access.operator": ("access", {"operator": [GROUP, GROUP]}),
    "access.viewer": ("access", {"viewer": [GROUP, GROUP]}),
    "cluster.admin_groups": ("cluster.admin_groups", [GROUP, GROUP]),
    "cluster.api_server.authorized_ranges": ("cluster.api_server.authorized_ranges", ["203.0.113.0/24"] * 2),
    "gateway.api_management.entra.applications": ("gateway.api_management", front([APPLICATION, APPLICATION])),
    "gateway.api_management.entra.applications[].client_ids": (
        "gateway.api_management",
        front([{"tenant": "playground", "client_ids": [GROUP, GROUP]}]),
    ),
    "gateway.api_management.token_limits": (
        "gateway.api_management",
        {**front([APPLICATION]), "token_limits": [{"tenant": "playground", "tokens_per_minute": 1}] * 2},
    ),
    "cluster.storage_drivers": ("cluster.storage_drivers", ["file", "file"]),
    "cluster.system_pool.zones": ("cluster.system_pool.zones", ["1", "1"]),
    "cost.managed_apis": ("cost.managed_apis", [API, API]),
    "tenants": ("tenants", [CLIENT, {**CLIENT, "key_secret": "key-other"}]),
    "tenants[].key_secrets": ("tenants", [{"name": "playground", "key_secrets": ["key", "key"]}]),
    "tenants[].key_generations": ("tenants", [{"name": "a", "key_generations": [1, 1]}]),
    "tenants[].entra.applications": ("tenants", [{**CLIENT, "entra": {"applications": [GROUP, GROUP]}}]),
    "tenants[].entra.groups": ("tenants", [{**CLIENT, "entra": {"groups": [GROUP, GROUP]}}]),
    "tenants[].entra.roles": ("tenants", [{**CLIENT, "entra": {"roles": ["Models.A", "Models.A"]}}]),
    "tenants[].models": ("tenants", [{**CLIENT, "models": ["chat", "chat"]}]),
    "tenants[].tags": ("tenants", [{**CLIENT, "tags": ["internal", "internal"]}]),
    "observability.azure_monitor.grafana.admins": (
        "observability.azure_monitor",
        {"grafana": {"admins": [GROUP, GROUP]}},
    ),
    "observability.azure_monitor.grafana.viewers": (
        "observability.azure_monitor",
        {"grafana": {"admins": [OTHER], "viewers": [GROUP, GROUP]}},
    ),
    "observability.azure_monitor.rules.emails": (
        "observability.azure_monitor",
        {"rules": {"emails": ["azure@acme.example"] * 2}},
    ),
    "observability.azure_monitor.rules.action_groups": (
        "observability.azure_monitor",
        {"rules": {"action_groups": [ACTIONS, ACTIONS]}},
    ),
    "models": ("models", [SHIPPED["models"][1]] * 2),
    "models[].license": ("models[0].license", ["apache-2.0", "apache-2.0"]),
    "models[].pool": ("models[0].pool", ["h100", "h100"]),
    "models[].engine.unsafe": (
        "models[0].engine.unsafe",
        [{"flag": "tokenizer", "reason": "ours"}, {"flag": "tokenizer", "reason": "ours too"}],
    ),
    "models[].tags": ("models[0].tags", ["internal", "internal"]),
    "models[].tolerates": ("models[0].tolerates", ["acme/team", "acme/team"]),
    "network.nat_zones": ("network.nat_zones", ["1", "1"]),
    "observability.receivers": ("observability.receivers", [SLACK, {**SLACK, "secret": "other-webhook"}]),
    "observability.receivers[].owners": ("observability.receivers", [{**SLACK, "owners": ["gpus", "gpus"]}]),
    "observability.receivers[].email.to": ("observability.receivers", [{"name": "m", "kind": "email", "email": MAIL}]),
    "observability.usage_export.prices": ("observability.usage_export", {**SINCE, "prices": [PRICE, PRICE]}),
    "observability.usage_export.readers": ("observability.usage_export", {**SINCE, "readers": [GROUP, GROUP]}),
    "pools": ("pools", [SHIPPED["pools"][0]] * 2),
    "pools[].taints": ("pools[0].taints", ["acme/team=a:NoSchedule"] * 2),
    "pools[].zones": ("pools[0].zones", ["1", "1"]),
    "safety.policies": ("safety", {"processor_image": IMAGE, "policies": [POLICY, {**POLICY, "on_failure": "open"}]}),
    "safety.policies[].guard.categories": (
        "safety",
        {
            "processor_image": IMAGE,
            "policies": [{"name": "standard", "guard": {"model": "chat", "categories": ["S1", "S1"]}}],
        },
    ),
    "registry.allowed": ("registry.allowed", ["ghcr.io/acme/tool", "ghcr.io/acme/tool"]),
    "registry.imported": ("registry.imported", ["nvcr.io", "nvcr.io"]),
}


def lists_of(section: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every list that the schema of a section has below it, as a path such as `pools[].zones`."""
    for name, field in section.model_fields.items():
        place = f"{path}.{field.alias or name}".removeprefix(".")
        many = tuple in _origins(field.annotation)
        if many and REPEATABLE not in field.metadata:
            yield place
        for inner in _sections(field.annotation):
            yield from lists_of(inner, f"{place}[]" if many else place)


def _origins(annotation: Any) -> set[Any]:
    return {typing.get_origin(annotation)}.union(*(_origins(part) for part in typing.get_args(annotation)))


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in _sections(part)]


def test_the_table_has_every_list_of_the_schema() -> None:
    assert set(TWICE) == set(lists_of(Settings))


@pytest.mark.parametrize("name", sorted(TWICE))
def test_an_item_that_is_listed_twice_is_an_error(name: str) -> None:
    path, items = TWICE[name]
    found = assess(config.load(changed({path: items})), CATALOG).findings
    messages = [item.message for item in found if item.severity == "error"]
    assert [text for text in messages if " already" in text or "two of " in text], messages


def test_equal_slices_of_a_layout_are_not_listed_twice() -> None:
    found = assess(config.load(changed({"pools[0].gpu.layout": ["3g.47gb", "3g.47gb"]})), CATALOG).findings
    assert "LIST-TWICE" not in {item.rule for item in found}
