"""The dashboard of the tenants: what each of them asks for, gets, and is refused."""

from observability.dashboards.board import Board, Panel, Query, Section
from observability.dashboards.selecting import (
    RATE,
    SHOWN,
    model_choice,
    of_tenants,
    per_second,
    quantiles,
    tenant_choice,
)
from planning.plan import DashboardsPlan, metrics

_REQUESTS = metrics.REQUESTS_ANSWERED
_KINDS = (("input", "prompt"), ("cached_input", "of it cached"), ("output", "written"))
_DAY = 24


def tenants_board(plan: DashboardsPlan) -> Board:
    """The dashboard of a stack's tenants; the counted limits only where one has any."""
    sections = [_requests(), _tokens(), _refused(plan)]
    return Board(
        uid="llm-tenant",
        title="LLM tenants",
        description="What each tenant asks for and gets, as the gateway counts it, also of models outside the cluster.",
        choices=(tenant_choice(plan), model_choice(plan)),
        sections=tuple(sections),
        hours=_DAY,
    )


def _requests() -> Section:
    failed = per_second(of_tenants(_REQUESTS, 'error_type!=""'), "tenant")
    return Section(
        "Requests",
        (
            Panel(
                title="Requests",
                description="Requests that reached a model. Those that the gateway refuses for their key, model or "
                "limit are not among them.",
                unit="reqps",
                queries=(
                    Query(
                        per_second(of_tenants(_REQUESTS), "tenant", "gen_ai_original_model"),
                        "{{tenant}} {{gen_ai_original_model}}",
                    ),
                ),
                kind="stacked",
            ),
            Panel(
                title="Requests that failed",
                description="Share of a tenant's requests that a model answered with an error, or not at all.",
                unit="percentunit",
                queries=(Query(f"{failed} / {per_second(of_tenants(_REQUESTS), 'tenant')}", "{{tenant}}"),),
            ),
            Panel(
                title="Time to first token",
                description="From the request's arrival at the gateway to the first token of a streamed answer.",
                unit="s",
                queries=quantiles(
                    of_tenants("gen_ai_server_time_to_first_token_seconds_bucket"), "tenant", at=(0.5, 0.95)
                ),
            ),
            Panel(
                title="Time of whole requests",
                description="From the request's arrival at the gateway to the end of the answer.",
                unit="s",
                queries=quantiles(
                    of_tenants("gen_ai_server_request_duration_seconds_bucket"), "tenant", at=(0.5, 0.95)
                ),
            ),
        ),
    )


def _tokens() -> Section:
    return Section(
        "Tokens",
        (
            *(
                Panel(
                    title=f"Tokens: {legend}",
                    description=f"Tokens that the model reports as `{kind}`, by tenant.",
                    unit="short",
                    queries=(
                        Query(
                            per_second(of_tenants(metrics.TOKENS_USED, f'gen_ai_token_type="{kind}"'), "tenant"),
                            "{{tenant}}",
                        ),
                    ),
                    kind="stacked",
                )
                for kind, legend in _KINDS
            ),
            Panel(
                title="Tokens in the time that is shown",
                description="By kind: `cached_input` is part of `input`, `reasoning` of `output`.",
                unit="short",
                queries=(
                    Query(
                        "sum by (tenant, gen_ai_original_model, gen_ai_token_type) "
                        f"(increase({of_tenants(metrics.TOKENS_USED)}[{SHOWN}]))",
                    ),
                ),
                kind="table",
                width=24,
                decimals=1,
            ),
        ),
    )


def _refused(plan: DashboardsPlan) -> Section:
    over = f'{metrics.LIMIT_REFUSALS}{{envoy_cluster_name=~"httproute/{plan.models_namespace}/.+"}}'
    panels = [
        Panel(
            title="Requests over a limit (429), by route",
            description="Refused by the limits of the gateway, its proxies' own and those that they count together.",
            unit="reqps",
            queries=(Query(per_second(over, "envoy_cluster_name"), "{{envoy_cluster_name}}"),),
        )
    ]
    if plan.counters:
        panels += [
            _counted(
                plan,
                metrics.OVER_LIMIT,
                "Requests over a tenant's limit (429)",
                "Refused because the tenant has taken what its limit allows.",
            ),
            _counted(
                plan,
                metrics.NEAR_LIMIT,
                "Requests near a tenant's limit",
                "Still served, above four fifths of the limit: whoever is here is refused soon.",
            ),
        ]
    return Section("Refused", tuple(panels))


def _counted(plan: DashboardsPlan, metric: str, title: str, description: str) -> Panel:
    """By tenant and counter, which the service knows as a descriptor: `rule-INDEX-match-0_TENANT`.

    Source: Envoy Gateway 1.9.1 internal/xds/translator/ratelimit.go (getRouteRuleDescriptor).
    """
    names = ", ".join(f"{index} is {name}" for index, name in enumerate(plan.counters))
    found = f'rate({metric}{{key2=~"rule-[0-9]+-match-0_($tenant)"}}[{RATE}])'
    for label, pattern in (("tenant", "rule-[0-9]+-match-0_(.+)"), ("rule", "rule-([0-9]+)-match-0_.+")):
        found = f'label_replace({found}, "{label}", "$1", "key2", "{pattern}")'
    return Panel(
        title=title,
        description=f"{description} By the gateway's rules: {names}.",
        unit="reqps",
        queries=(Query(f"sum by (tenant, rule) ({found})", "{{tenant}}, rule {{rule}}"),),
    )
