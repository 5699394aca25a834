"""What the platform says it keeps, how long, and what that costs."""

from typing import Any

import pytest

import catalog
import config
from planning import Plan, decide
from planning.plan.kept import Kept, kept
from tests.graph.stacks import ROOT, sections_of


def _kept(stack: str = "dev", **observability: Any) -> dict[str, Kept]:
    sections = sections_of(stack)
    sections.setdefault("observability", {}).update(observability)
    plan: Plan = decide(config.load(sections), catalog.load())
    return {
        f"{item.data} in {item.where}" if item.where == "Azure Monitor" else item.data: item
        for item in kept(plan.foundation, plan.monitoring, plan.telemetry, plan.logs)
    }


def test_metrics_and_deleted_weights_are_always_kept() -> None:
    found = _kept(retention_days=20, storage_gib=100, replicas=2)
    assert set(found) == {"metrics", "deleted weights"}
    assert (found["metrics"].days, found["metrics"].gib, found["metrics"].most_per_month) == (20, 200, None)


def test_metrics_end_with_their_days_or_their_disk() -> None:
    """Prometheus deletes by both: a disk that is never full, whatever is measured."""
    found = _kept(retention_days=20, storage_gib=100)["metrics"]
    assert (found.days, found.full_gib) == (20, 80)


def test_metrics_in_azure_monitor_have_its_months_and_no_known_price() -> None:
    found = _kept(azure_monitor={})["metrics in Azure Monitor"]
    assert (found.days, found.until, found.gib, found.usd_per_gb, found.most_per_month) == (
        None, "18 months", None, None, None,
    )  # fmt: skip


def test_what_a_stack_asks_for_is_there_with_its_days_and_disks() -> None:
    found = _kept(
        traces={"backend": "tempo", "sampling": 0.05, "retention_days": 3},
        logs={"backend": "loki", "retention_days": 90, "storage_gib": 256},
        usage_export={"since": "2026-12-01", "keep_days": 400},
        retention_days=31,
    )
    assert [(name, item.where, item.days, item.gib) for name, item in found.items()] == [
        ("metrics", "Prometheus", 31, 64),
        ("5 % of traces", "Tempo", 3, 32),
        ("logs", "Loki", 90, 256),
        ("usage files", "blob storage", 400, None),
        ("deleted weights", "blob storage", 7, None),
    ]


def test_traces_that_a_server_elsewhere_keeps_have_no_days() -> None:
    found = _kept(traces={"backend": "otlp", "endpoint": "https://traces.acme.example"})["10 % of traces"]
    assert (found.where, found.days, found.until) == ("traces.acme.example", None, "as its server keeps them")


@pytest.mark.parametrize(
    ("audit", "data", "most"),
    [
        ({}, "audit records, logs", None),
        ({"container_logs": False}, "audit records", None),
        # 730 hours are 30.4 days: 10 GB a day of 2.30, and of 0.10 for each month beyond 31 days.
        ({"daily_gb": 10, "retention_days": 31}, "audit records, logs", pytest.approx(699.6, abs=0.1)),
        ({"daily_gb": 10, "retention_days": 92}, "audit records, logs", pytest.approx(760.6, abs=0.1)),
    ],
)
def test_records_cost_what_comes_in_up_to_the_limit_of_a_day(audit: dict[str, Any], data: str, most: Any) -> None:
    found = _kept(audit=audit)[data]
    assert (found.where, found.usd_per_gb, found.most_per_month) == ("Log Analytics", 2.30, most)


def test_the_series_of_a_replica_are_those_that_it_was_recorded_with() -> None:
    for version in catalog.load().vllm_versions:
        text = (ROOT / f"catalog/expositions/vllm-{version}.prom").read_text(encoding="utf-8")
        assert catalog.load().vllm(version).replica_series == sum(
            bool(line) and not line.startswith("#") for line in text.splitlines()
        )
