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
from planning.plan import Json, ModelPlan, RouteGroupPlan
from planning.plan.endpoint import CACHED_TOKENS, CLIENT_HEADER, HTTP_PORT, INPUT_TOKENS, MODEL_HEADER, OUTPUT_TOKENS
from planning.plan.matches import expressions

# Part of the hash of every cached block (vLLM docs/design/prefix_caching.md, cache isolation). In quotes: the AI
# gateway would take a client called `true` for a value of JSON (internal/bodymutator).
_SALT = "cache_salt"
# Of vLLM's priority scheduling: the lower, the earlier a request is taken from the queue.
_PRIORITY = "priority"
# Tokens are unsigned, and a difference below 0 would be an error that fails the answer (internal/llmcostcel/cel.go).
_NOT_CACHED = "input_tokens > cached_input_tokens ? input_tokens - cached_input_tokens : 0u"
# Tokens of a request, for logs and limits. Those of the prompt that the model's cache had are part of the input.
_COSTS: list[Json] = [
    {"metadataKey": "llm_input_token", "type": "InputToken"},
    {"metadataKey": CACHED_TOKENS, "type": "CachedInputToken"},
    {"metadataKey": INPUT_TOKENS, "type": "CEL", "cel": _NOT_CACHED},
    {"metadataKey": OUTPUT_TOKENS, "type": "OutputToken"},
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
                **({"headerMutation": {"remove": list(plan.route.removed)}} if plan.route.removed else {}),
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
    """One rule for each group of tenants: only a rule can change a request by whose it is.

    Who is in no group finds no rule, and gets 404 as for a model that is not there.
    """
    return [
        _rule(
            plan,
            group.name,
            [
                [_named(names), *_tenants(tenants)]
                for names in expressions(plan.route.models)
                for tenants in expressions(group.tenants) or [()]
            ],
            {"name": plan.name, **_mutation(group)},
            leaves=not group.stays,
        )
        for group in plan.route.groups
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


def _named(names: Sequence[str]) -> Json:
    """Match requests for a model or for an adapter of it; the gateway's script lists them to tenants."""
    if len(names) == 1:
        return {"type": "Exact", "name": MODEL_HEADER, "value": names[0]}
    return {"type": "RegularExpression", "name": MODEL_HEADER, "value": _either(names)}


def _tenants(names: Sequence[str]) -> list[Json]:
    """Match every key of these tenants: while one replaces the other, the second has a number after a dot."""
    if not names:
        return []
    value = rf"{_either(names)}(\.[0-9]+)?"
    return [{"type": "RegularExpression", "name": CLIENT_HEADER, "value": value}]


def _either(names: Sequence[str]) -> str:
    plain = [re.escape(name).replace("\\-", "-") for name in names]
    return plain[0] if len(plain) == 1 else f"({'|'.join(plain)})"


def _mutation(group: RouteGroupPlan) -> dict[str, Json]:
    """What is written into the bodies of a group's requests."""
    wanted = {_SALT: group.salt, _PRIORITY: group.priority}
    mutations: list[Json] = [
        {"path": path, "value": json.dumps(value)} for path, value in wanted.items() if value is not None
    ]
    return {"bodyMutation": {"set": mutations}} if mutations else {}
