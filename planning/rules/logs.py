"""Rules about logs: that one place keeps them, that what keeps them can, and that models write what is collected."""

from planning.resolving.logs import LOKI_DAYS, LOKI_GIB, in_loki
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.disks import holds_its_days
from planning.rules.platform_options import unsettable
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_LOGS, _AUDIT = "observability.logs", "observability.audit"
_READS = (_LOGS, _AUDIT)
_SOURCE = "docs/logs.md"
_FLAG = "--logging-config"
_LOKI_KEYS = ("storage_gib", "daily_gib")


@stack_rule(
    "LOGS-BACKEND",
    "error",
    prevents="Logs go nowhere although the stack file says where, or are kept for another time: Azure's agent runs "
    "only where `audit` has a workspace and collects what containers write.",
    source=_SOURCE,
    reads=_READS,
)
def the_backend_has_what_it_needs(stack: Resolution) -> Violations:
    """`container_insights` is the path of `audit.container_logs`, must say the same, and takes nothing of Loki's."""
    logs, audit = stack.settings.observability.logs, stack.settings.observability.audit
    if logs is None or logs.backend != "container_insights":
        return
    for key in _LOKI_KEYS:
        if getattr(logs, key) is not None:
            yield Violation(
                f"{_LOGS}.{key}",
                "a Log Analytics workspace has no disk of the platform's",
                "leave it out, or write backend: loki",
            )
    if audit is None:
        yield Violation(
            f"{_LOGS}.backend",
            "`container_insights` keeps logs in the workspace of observability.audit, and there is none",
            "add audit: {retention_days: 90} beside it, or write backend: loki",
        )
    elif not audit.container_logs:
        yield Violation(
            f"{_AUDIT}.container_logs",
            "`false`, and observability.logs has `container_insights`: the same logs, once switched off and once on",
            "leave container_logs out, or write logs: {backend: loki}",
        )
    elif logs.retention_days is not None and logs.retention_days != audit.retention_days:
        yield Violation(
            f"{_LOGS}.retention_days",
            f"{logs.retention_days} days, and the workspace keeps everything {audit.retention_days} days",
            f"leave it out, or write {_AUDIT}.retention_days: {max(logs.retention_days, 30)}",
        )


@stack_rule(
    "LOGS-TWICE",
    "warning",
    prevents="Every line is read by two agents on each node, kept twice and paid for twice.",
    source=_SOURCE,
    reads=_READS,
    needs="aks",
)
def logs_are_kept_once(stack: Resolution) -> Violations:
    """Where Loki keeps logs, the workspace doesn't."""
    audit = stack.settings.observability.audit
    if in_loki(stack.settings) is not None and audit is not None and audit.container_logs:
        yield Violation(
            f"{_AUDIT}.container_logs",
            "the workspace and Loki both keep the logs of gateway and models",
            "write container_logs: false, or logs: {backend: container_insights}",
        )


@stack_rule(
    "LOGS-DISK",
    "error",
    prevents="The disk is full before its days are over: Loki still takes lines, which it can no longer write, and the "
    "newest are lost, not the oldest.",
    source="grafana/loki docs/sources/operations/storage/wal.md (disk space)",
    reads=_READS,
)
def the_disk_holds_its_days(stack: Resolution) -> Violations:
    """Where the stack file says how much is logged on a day, the disk holds it for as long as it is kept."""
    logs = in_loki(stack.settings)
    if logs is None or logs.daily_gib is None:
        return
    days, disk = logs.retention_days or LOKI_DAYS, logs.storage_gib or LOKI_GIB
    yield from holds_its_days(_LOGS, days=days, daily_gib=logs.daily_gib, disk_gib=disk)


@stack_rule(
    "LOGS-SHORT-PROD",
    "warning",
    prevents="Who called which model is gone before somebody asks: an incident is noticed after days.",
    source="CIS Critical Security Controls 8.10 (90 days); the access log is what names the tenant of a request",
    reads=(_LOGS, "platform.environment"),
)
def production_keeps_logs(stack: Resolution) -> Violations:
    """In production, logs are kept at least for a week."""
    logs = in_loki(stack.settings)
    least = 7
    if stack.settings.platform.is_production and logs is not None and (logs.retention_days or LOKI_DAYS) < least:
        yield Violation(
            f"{_LOGS}.retention_days",
            f"{logs.retention_days} days, and this is production: the access log is part of it",
            f"write {least} or more; 90 is what auditors ask for",
        )


@release_rule(
    "LOGS-ENGINE",
    "error",
    prevents="vLLM doesn't start with an option that it doesn't know, or writes texts, in which the collector can't "
    "tell a prompt from anything else.",
    source="vllm-project/vllm vllm/config/logging.py",
    reads=(_LOGS,),
    model=("engine.version", "engine.args"),
)
def servers_write_json(stack: Resolution, release: ReleaseView) -> Violations:
    """Where logs are kept, each vLLM has the option for JSON, and the stack file leaves it to the platform."""
    if stack.settings.observability.logs is None:
        return
    for message, fix in unsettable(release, _FLAG, kept="logs", section=_LOGS, without=_LOGS):
        yield Violation(f"{release.path}.engine", message, fix)
