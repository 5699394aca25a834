"""What breaks and what keeps each rule of planning/rules/metrics_disk.py."""

from rule_cases.case import Case

CASES: dict[str, Case] = {
    # 6 GiB of 8: two replicas with 354 series each, every 15 seconds, a byte a sample.
    "METRICS-DISK": Case(
        {"observability.storage_gib": 8, "observability.retention_days": 1608},
        {"observability.storage_gib": 8, "observability.retention_days": 1607},
    ),
}
