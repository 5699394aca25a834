"""What is recorded is decided from what Azure has logs of."""

from typing import Any

import pytest
from msgspec.structs import replace
from planning_stacks import CATALOG, plan, planned

from catalog import Catalog
from planning.plan import AuditPlan


def audit(**keys: Any) -> AuditPlan | None:
    return plan({"observability.audit": keys}).foundation.audit


def without(type_: str, category: str) -> Catalog:
    logs = CATALOG.azure.resource_logs
    left = tuple(known for known in logs.categories[type_] if known != category)
    categories = {**logs.categories, type_: left}
    return replace(CATALOG, azure=replace(CATALOG.azure, resource_logs=replace(logs, categories=categories)))


def test_nothing_is_recorded_without_a_section() -> None:
    assert plan({}).foundation.audit is None


def test_an_empty_section_records_with_defaults() -> None:
    found = audit()
    assert found is not None
    assert (found.retention_days, found.daily_gb, found.defender) == (90, None, False)
    assert found.container_logs is not None


def test_each_kind_of_resource_is_recorded_once_and_reads_of_the_api_server_are_not() -> None:
    found = audit()
    assert found is not None
    kinds = [recorded.kind for recorded in found.recorded]
    assert len(kinds) == len(set(kinds))
    categories = {category for recorded in found.recorded for category in recorded.categories}
    assert "kube-audit-admin" in categories
    assert "kube-audit" not in categories


def test_a_log_that_azure_no_longer_has_is_an_internal_error() -> None:
    with pytest.raises(ValueError, match="AuditEvent"):
        planned({"observability.audit": {}}, knowing=without("keyvault:Vault", "AuditEvent"))
