"""Rules about what is recorded: that production records, all of it, and neither prompts nor secrets."""

from planning.resolving.logs import LOKI_DAYS, in_loki
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine_unsafe import refused_options
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_AUDIT = "observability.audit"
_LOGS = "observability.logs"
_READS = (_AUDIT, "platform.environment")
# The class of options that write prompts, answers or secrets into the server's log.
_SECRET = "secret"  # noqa: S105 - the name of a class, not a secret


@stack_rule(
    "AUDIT-MISSING-PROD",
    "error",
    prevents="Secrets are read, weights are changed or somebody is an administrator for a day, and nobody can say who "
    "it was; the gateway's access log ends with its pod.",
    source="https://learn.microsoft.com/azure/aks/monitor-aks-reference; CIS Azure Kubernetes Service Benchmark 2.1.1",
    reads=_READS,
    needs="aks",
)
def production_is_recorded(stack: Resolution) -> Violations:
    """In production, what happens in API server, vault, store, registry and network is recorded outside the cluster."""
    if stack.settings.platform.is_production and stack.settings.observability.audit is None:
        yield Violation(
            _AUDIT,
            "nothing is recorded outside the cluster, and this is production",
            "add observability: {audit: {retention_days: 90}}: a Log Analytics workspace, which is paid for by what it "
            "records",
        )


@stack_rule(
    "AUDIT-CONTAINERS",
    "error",
    prevents="Which client sent which request when is known only while the proxy's pod exists.",
    source="https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-overview",
    reads=(*_READS, _LOGS),
    needs="aks",
)
def containers_of_production_are_recorded(stack: Resolution) -> Violations:
    """In production, what the gateway and the models write to their logs outlives their pods."""
    audit, loki = stack.settings.observability.audit, in_loki(stack.settings) is not None
    if stack.settings.platform.is_production and audit is not None and not audit.container_logs and not loki:
        yield Violation(
            f"{_AUDIT}.container_logs",
            "the logs of gateway and models, the access log among them, end with their pods",
            "leave container_logs out, or keep them in the cluster: logs: {backend: loki}",
        )


@stack_rule(
    "AUDIT-LIMIT",
    "warning",
    prevents="Whoever wants no witness makes noise first: once the day's limit is reached, nothing more is recorded.",
    source="https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap",
    reads=_READS,
    needs="aks",
)
def production_has_no_limit(stack: Resolution) -> Violations:
    """In production, there is no limit to what is recorded on a day."""
    audit = stack.settings.observability.audit
    if stack.settings.platform.is_production and audit is not None and audit.daily_gb is not None:
        yield Violation(
            f"{_AUDIT}.daily_gb",
            f"after {audit.daily_gb} GB nothing more is recorded until the next day",
            "leave daily_gb out, and set a budget with an alert for what records may cost",
        )


@release_rule(
    "AUDIT-PROMPTS",
    "error",
    prevents="Prompts, answers or a key are kept for months where everyone reads who may read logs.",
    source="https://docs.vllm.ai/en/latest/usage/security/",
    reads=(*_READS, _LOGS),
    model=("engine.version", "engine.args", "engine.unsafe"),
    needs="aks",
)
def no_prompt_is_recorded(stack: Resolution, release: ReleaseView) -> Violations:
    """Where logs are kept, no option of a model that is open writes prompts or secrets into its log."""
    kept = _kept_days(stack)
    if kept is None:
        return
    path, days = kept
    refused = refused_options(release)
    for found in release.open_settings:
        # What ENGINE-FORBIDDEN refuses anyway needs no second finding.
        if found.risk is not None and found.risk.kind == _SECRET and found.name.partition(".")[0] not in refused:
            yield Violation(
                found.path,
                f"`{found.name}` is open: it {found.risk.does}, and the logs of models are recorded for {days} days",
                "leave it out" if stack.settings.platform.is_production else f"leave it out, or {path}",
            )


def _kept_days(stack: Resolution) -> tuple[str, int] | None:
    """How to give up keeping the logs of models, and for how many days they are kept; None where nothing keeps them."""
    audit, loki = stack.settings.observability.audit, in_loki(stack.settings)
    if audit is not None and audit.container_logs:
        return f"write {_AUDIT}.container_logs: false", audit.retention_days
    return None if loki is None else (f"leave {_LOGS} out", loki.retention_days or LOKI_DAYS)
