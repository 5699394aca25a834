"""How requests reach one model: its own route on the one gateway."""

import json
import re
from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.durations import in_seconds
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from components.serving.backend_traffic import backend_traffic
from components.serving.fallback import backends, fallback_backend
from planning.plan import Json, ModelPlan
from planning.plan.endpoint import CLIENT_HEADER, HTTP_PORT, MODEL_HEADER

# Part of the hash of every cached block (vLLM docs/design/prefix_caching.md, cache isolation). In quotes: the AI
# gateway would take a client called `true` for a value of JSON (internal/bodymutator).
_SALT = "cache_salt"
# Tokens of a request, for logs and limits.
_COSTS: list[Json] = [
    {"metadataKey": "llm_input_token", "type": "InputToken"},
    {"metadataKey": "llm_output_token", "type": "OutputToken"},
    {"metadataKey": "llm_total_token", "type": "TotalToken"},
]


class ModelRoute(pulumi.ComponentResource):
    """One route, backend and address per model: a route holds 15 rules at most, and no model may change another's."""

    route: CustomResource

    def __init__(
        self,
        name: str,
        plan: ModelPlan,
        *,
        cluster: KubernetesCluster,
        ready: Sequence[pulumi.Resource],
        store: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ModelRoute", name, None, opts)
        address = CustomResource(
            f"{name}-address",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="Backend",
            metadata=metadata(plan.name, plan.namespace),
            spec={
                "endpoints": [
                    {"fqdn": {"hostname": f"{plan.service}.{plan.namespace}.svc.cluster.local", "port": HTTP_PORT}}
                ]
            },
            opts=in_cluster(self, cluster, *ready),
        )
        backend = CustomResource(
            f"{name}-backend",
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="AIServiceBackend",
            metadata=metadata(plan.name, plan.namespace),
            spec={
                "schema": {"name": "OpenAI"},
                "backendRef": {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": plan.name},
            },
            opts=in_cluster(self, cluster, *ready, address),
        )
        policy = CustomResource(
            f"{name}-policy",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=metadata(plan.name, plan.namespace),
            spec=backend_traffic(plan.name, plan.path.upstream, plan.fallback),
            opts=in_cluster(self, cluster, *ready),
        )
        behind = (
            fallback_backend(
                f"{name}-fallback",
                plan.fallback,
                namespace=plan.namespace,
                cluster=cluster,
                ready=[*ready, *store],
                parent=self,
            )
            if plan.fallback is not None
            else []
        )
        self.route = CustomResource(
            f"{name}-rule",
            api_version="aigateway.envoyproxy.io/v1beta1",
            kind="AIGatewayRoute",
            metadata=metadata(plan.name, plan.namespace),
            spec={
                "parentRefs": [
                    {
                        "group": "gateway.networking.k8s.io",
                        "kind": "Gateway",
                        "name": plan.route.gateway,
                        "namespace": plan.route.gateway_namespace,
                    }
                ],
                "hostnames": [plan.route.hostname],
                "llmRequestCosts": _COSTS,
                "rules": _rules(plan),
            },
            # The policy first: no request is ever sent without it.
            opts=in_cluster(self, cluster, *ready, backend, policy, *behind),
        )
        self.register_outputs({})


def _rules(plan: ModelPlan) -> list[Json]:
    """One rule for all clients, or one for each: only a rule can change a request by whose it is."""
    leaving = plan.fallback.leaving if plan.fallback is not None else ()
    if not plan.route.cached_apart:
        own: dict[str, Json] = {"name": plan.name}
        everyone = [_named(name, listed=not leaving) for name in plan.route.models]
        if not leaving:
            return [_rule(plan, plan.name, everyone, own, leaves=plan.fallback is not None and not plan.fallback.kept)]
        # Who may leave is named: of two rules that match, the one with more headers is taken.
        named = [[*_named(name), _client(*leaving)] for name in plan.route.models]
        return [
            _rule(plan, f"{plan.name}-leaving", named, own, leaves=True),
            _rule(plan, plan.name, everyone, own, leaves=False),
        ]
    return [
        _rule(
            plan,
            f"{plan.name}-for-{client}",
            [[*_named(name, listed=position == 0), _client(client)] for name in plan.route.models],
            {"name": plan.name, "bodyMutation": {"set": [{"path": _SALT, "value": json.dumps(client)}]}},
            leaves=plan.fallback is not None and (client in leaving or not plan.fallback.kept),
        )
        for position, client in enumerate(plan.route.cached_apart)
    ]


def _rule(plan: ModelPlan, name: str, matches: list[list[Json]], backend: dict[str, Json], *, leaves: bool) -> Json:
    return {
        "name": name,
        "matches": [{"headers": headers} for headers in matches],
        "backendRefs": backends(backend, plan.fallback if leaves else None),
        "modelsOwnedBy": "llm-platform",
        # The default, a minute, covers a whole streamed answer and cuts it.
        "timeouts": {"request": in_seconds(plan.path.request_seconds)},
        # A request may wait in vLLM's queue for as long as its whole timeout.
        "streamIdleTimeout": in_seconds(plan.path.stream_idle_seconds),
    }


def _named(model: str, *, listed: bool = True) -> list[Json]:
    """Match requests for a model. By an expression it is not listed: each exact match is a line of `/v1/models`.

    Source: AI gateway v1.1.0, internal/controller/gateway.go (reconcileFilterConfigSecret).
    """
    if listed:
        return [{"type": "Exact", "name": MODEL_HEADER, "value": model}]
    return [{"type": "RegularExpression", "name": MODEL_HEADER, "value": re.escape(model).replace("\\-", "-")}]


def _client(*names: str) -> Json:
    """Match every key of these clients: while one replaces the other, the second has a number after a dot."""
    either = "|".join(map(re.escape, names))
    return {
        "type": "RegularExpression",
        "name": CLIENT_HEADER,
        "value": rf"{either if len(names) == 1 else f'({either})'}(\.[0-9]+)?".replace("\\-", "-"),
    }
