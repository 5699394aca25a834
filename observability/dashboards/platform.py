"""The dashboard that is looked at first: whether everything works, and if not, what."""

from observability.dashboards.board import Board, Limit, Panel, Query, Section
from observability.dashboards.selecting import RATE, exported, in_namespace, per_second, quantiles, series
from observability.object_conditions import POLICIES, condition
from planning.plan import DashboardsPlan, metrics

# The listener for clients (Envoy Gateway names it by its port); others are Envoy's own.
_CLIENTS = 'envoy_http_conn_manager_prefix=~"https-.+"'
_ANSWERS = f"{metrics.GATEWAY_ANSWERS}{{{_CLIENTS}}}"
_FAILURES = f'{metrics.GATEWAY_ANSWERS}{{{_CLIENTS},envoy_response_code_class="5"}}'
# The alerts CertificateNotRenewed and GatewayCertificateEndsSoon warn in this order.
_DAYS_SOON, _DAYS_LATE = 7, 21
_SECONDS_PER_DAY = 86_400
# More than this the day's budget of 99.9 % is gone within two hours.
_FAILED = 0.01


def platform_board(plan: DashboardsPlan) -> Board:
    """The overview of a stack."""
    return Board(
        uid="llm-platform",
        title="LLM platform",
        description="Whether models answer, and what is wrong if they don't. Details are in the other dashboards.",
        choices=(),
        sections=(_now(plan), _answers(plan), _state(plan)),
    )


def _available(plan: DashboardsPlan) -> str:
    replicas = in_namespace(plan.models_namespace, metrics.DEPLOYMENT_REPLICAS_AVAILABLE)
    return f"max by (deployment) ({replicas})"


def _stat(
    title: str,
    description: str,
    unit: str,
    queries: str | tuple[Query, ...],
    *limits: Limit,
    good_above: bool = False,
) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=(Query(queries, title),) if isinstance(queries, str) else queries,
        kind="stat",
        width=4,
        limits=limits,
        good_above=good_above,
        decimals=2 if unit == "percentunit" else 0,
    )


def _failed_share(window: str) -> str:
    failed = f"sum(rate({_FAILURES}[{window}])) or vector(0)"
    return f"({failed}) / sum(rate({_ANSWERS}[{window}]))"


def _now(plan: DashboardsPlan) -> Section:
    label, value = plan.gpu_nodes
    gpu_nodes = f'max by (node) ({metrics.NODE_LABELS}{{{exported(label)}="{value}"}})'
    ready = f'max by (node) ({metrics.NODE_CONDITION}{{condition="Ready",status="true"}}) == 1'
    fewest = sum(pool.min_nodes for pool in plan.pools)
    workloads = sum(workload.min_replicas > 0 for workload in plan.workloads)
    return Section(
        "Now",
        (
            _stat(
                "Workloads that answer",
                f"Deployments of models with a ready replica. {workloads} always have one.",
                "short",
                f"count({_available(plan)} > 0) or vector(0)",
                Limit(workloads, "green"),
                good_above=True,
            ),
            _stat(
                "Failed requests",
                "Share of the last five minutes' answers with a status of 500 or more, whoever gave it.",
                "percentunit",
                _failed_share("5m"),
                Limit(_FAILED / 10, "orange"),
                Limit(_FAILED),
            ),
            _stat(
                "Ready GPU nodes",
                f"The fewest replicas need {fewest}.",
                "short",
                f"count({gpu_nodes} and on (node) ({ready})) or vector(0)",
                Limit(fewest, "green"),
                good_above=True,
            ),
            _stat(
                "Critical alerts",
                "Alerts that fire, of this platform and of kube-prometheus-stack.",
                "short",
                _firing("critical"),
                Limit(1),
            ),
            _stat(
                "Warnings",
                "Alerts that fire, of this platform and of kube-prometheus-stack.",
                "short",
                _firing("warning"),
                Limit(1, "orange"),
            ),
            _stat(
                "Certificate days left",
                "The first to end of cert-manager's, and of those that the proxies serve.",
                "short",
                (
                    Query(f"min({_certificate_days()})", "cert-manager's"),
                    Query(f"min({_proxy_days()})", "the gateway's"),
                ),
                Limit(_DAYS_SOON, "orange"),
                Limit(_DAYS_LATE, "green"),
                good_above=True,
            ),
        ),
    )


def _firing(severity: str) -> str:
    return f'count(ALERTS{{alertstate="firing",severity="{severity}"}}) or vector(0)'


def _certificate_days() -> str:
    return f"(min by (namespace, name) ({metrics.CERTIFICATE_ENDS} > 0) - time()) / {_SECONDS_PER_DAY}"


def _proxy_days() -> str:
    return f"min by (namespace) ({metrics.PROXY_CERTIFICATE_DAYS})"


def _answers(plan: DashboardsPlan) -> Section:
    model = "gen_ai_original_model"
    return Section(
        "Answers",
        (
            Panel(
                title="Answers to clients",
                description="By the class of their status. 4: their key, model, or limit isn't allowed, or the request "
                "is wrong. 5: a model or the gateway failed.",
                unit="reqps",
                queries=(Query(per_second(_ANSWERS, "envoy_response_code_class"), "{{envoy_response_code_class}}xx"),),
                kind="stacked",
            ),
            Panel(
                title="Answers of models",
                description="By model, as its route at the gateway counts them.",
                unit="reqps",
                queries=(Query(_by_route(plan, metrics.ROUTE_ANSWERS), "{{model}}"),),
                kind="stacked",
            ),
            Panel(
                title="Requests that models failed",
                description="With a status of 500 or more: also where no replica was there to take them.",
                unit="reqps",
                queries=(Query(_by_route(plan, metrics.ROUTE_ANSWERS, 'envoy_response_code_class="5"'), "{{model}}"),),
            ),
            Panel(
                title="Time to first token",
                description="95th percentile at the gateway, of streamed answers: what clients see.",
                unit="s",
                queries=quantiles("gen_ai_server_time_to_first_token_seconds_bucket", model, at=(0.95,)),
            ),
            Panel(
                title="Requests over a limit (429)",
                description="Refused by limits of the gateway, by model.",
                unit="reqps",
                queries=(Query(_by_route(plan, metrics.LIMIT_REFUSALS), "{{model}}"),),
            ),
        ),
    )


def _by_route(plan: DashboardsPlan, metric: str, *more: str) -> str:
    """A route's clusters, one a rule, are named `httproute/NAMESPACE/MODEL/rule/N` by Envoy Gateway."""
    pattern = f"httproute/{plan.models_namespace}/(.+)/rule/.+"
    found = series(metric, f'envoy_cluster_name=~"{pattern}"', *more)
    named = f'label_replace(rate({found}[{RATE}]), "model", "$1", "envoy_cluster_name", "{pattern}")'
    return f"sum by (model) ({named})"


def _state(plan: DashboardsPlan) -> Section:
    refused = f"max by (customresource_kind, name) ({metrics.POLICY_ACCEPTED}) == 0"
    policies = "|".join(kind for _, _, kind, _ in POLICIES)
    return Section(
        "What is wrong",
        (
            Panel(
                title="Alerts that fire",
                description="Each with its runbook in docs/runbooks.",
                unit="short",
                queries=(Query('count by (alertname, severity) (ALERTS{alertstate="firing",severity!="none"})'),),
                kind="table",
                decimals=0,
            ),
            Panel(
                title="Objects that are not accepted or not ready",
                description=f"By their own conditions; policies ({policies}) by the gateway's. Empty when all is well.",
                unit="short",
                queries=(
                    Query(
                        condition(
                            "Gateway|AIGatewayRoute|AIServiceBackend|ExternalSecret|SecretStore|Certificate|ScaledObject",
                            "Accepted|Programmed|Ready",
                            by="customresource_kind, name, condition",
                        )
                        + " == 0"
                    ),
                    Query(refused),
                ),
                kind="table",
                decimals=0,
            ),
            Panel(
                title="Workloads without a ready replica",
                description="Nobody answers for them (alert ModelUnavailable). Empty when all is well.",
                unit="short",
                queries=(Query(f"{_available(plan)} == 0"),),
                kind="table",
                decimals=0,
            ),
            Panel(
                title="Days until certificates end",
                description="cert-manager renews its own at two thirds of their time; the gateway's own may have to be "
                "renewed by hand (docs/operating.md).",
                unit="short",
                queries=(
                    Query(_certificate_days(), "{{namespace}}/{{name}}"),
                    Query(_proxy_days(), "gateway in {{namespace}}"),
                ),
                limits=(Limit(_DAYS_SOON, "orange"), Limit(_DAYS_LATE, "green")),
                good_above=True,
                width=12,
            ),
            Panel(
                title="Targets that answer",
                description="Share of what Prometheus scrapes that answers, by job.",
                unit="percentunit",
                queries=(Query("avg by (job) (up)", "{{job}}"),),
                limits=(Limit(1, "green"),),
                good_above=True,
                maximum=1,
                width=12,
            ),
        ),
    )
