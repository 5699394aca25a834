"""Plans content safety: the processor with its settings, and the account of Azure's service."""

import json

from msgspec.structs import replace

from planning.deciding import azure_objects
from planning.deciding.releases import NAMESPACE as MODELS_NAMESPACE
from planning.deciding.roles import grant
from planning.deciding.safeguards import within_safeguards
from planning.deciding.traffic import GATEWAY, GATEWAY_NAMESPACE
from planning.naming import content_hash
from planning.plan import ContentSafetyPlan, Json, PodIdentityPlan, SafetyPlan
from planning.plan.endpoint import HTTP_PORT
from planning.plan.safety import PROCESSOR
from planning.plan.system_pods import SAFETY
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import (
    NAMESPACE,
    OVERLAP_CHARACTERS,
    PolicyView,
    guard_model,
    guard_models,
    largest_text,
    policies,
    uses_azure,
)
from planning.resolving.served_names import served_names

# Whole prompts in memory at once, each as it came, as text, and as what a guard is sent.
_BODIES, _COPIES = 16, 4
_BYTES_PER_MIB = 1024 * 1024
# Beside a check's own time: reading, waiting for other prompts, the network.
_MARGIN_MILLISECONDS = 1000
# Fewest requests at once that a pod takes.
_LEAST_STREAMS = 500
# Until proxies have other addresses than that of a pod which ends.
_LEAVING_SECONDS = 15


def safety(stack: ResolvedStack) -> SafetyPlan | None:
    """Plan the processor; None where nothing is judged."""
    settings, views = stack.settings.safety, policies(stack.resolution)
    if settings is None:
        return None
    text = json.dumps(_settings(stack), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path, charts = request_path(stack.resolution), stack.catalog.charts
    azure = uses_azure(stack.resolution)
    return SafetyPlan(
        namespace=NAMESPACE,
        image=f"{azure_objects.registry_host(stack)}/{settings.processor_image.repository}@{settings.processor_image.digest}",
        replicas=settings.replicas,
        settings=text,
        config_map=f"{PROCESSOR}-{content_hash(text)}",
        has_identity=azure,
        pod_labels=azure_objects.POD_LABELS if azure else (),
        requests=within_safeguards(
            stack,
            replace(SAFETY, memory_limit_mib=SAFETY.memory_limit_mib + _BODIES * _COPIES * path.listener.body_mib),
        ),
        grace_seconds=stack.settings.gateway.request_timeout_seconds + _LEAVING_SECONDS,
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        proxies_namespace=charts["gateway-helm"].namespace,
        prometheus_namespace=charts["kube-prometheus-stack"].namespace,
        models_namespace=MODELS_NAMESPACE,
        guard_models=tuple(sorted(guard_models(stack.resolution))),
        destinations=(
            (stack.settings.network.subnets.private_endpoints, *stack.catalog.azure.token_service.addresses)
            if azure
            else ()
        ),
        open=all(view.settings.on_failure == "open" for view in views),
        message_milliseconds=max(view.settings.timeout_ms for view in views) + _MARGIN_MILLISECONDS,
        connections=_streams(stack) * settings.replicas,
        policies=tuple(_line(view) for view in views),
    )


def content_safety(stack: ResolvedStack) -> ContentSafetyPlan | None:
    """Plan the account; None where Azure's service judges nothing."""
    if not uses_azure(stack.resolution):
        return None
    group = stack.catalog.azure.private_links["cognitive_services"].group_id
    if group is None:
        raise ValueError("the catalog has no group id for private links to Content Safety")
    return ContentSafetyPlan(
        account=stack.names.content_safety.value,
        endpoint=stack.names.endpoint("content-safety").value,
        endpoint_group=group,
        use=grant(stack, PROCESSOR, "cognitive_services_user", PROCESSOR),
    )


def pod_identity(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan the identity by which the processor calls the account."""
    planned = content_safety(stack)
    if planned is None:
        return ()
    return (
        PodIdentityPlan(
            logical_name=PROCESSOR,
            name=stack.names.identity(PROCESSOR).value,
            credential=stack.names.credential(PROCESSOR).value,
            namespace=NAMESPACE,
            service_account=PROCESSOR,
            names_tenant=False,
            read_secrets=(),
            read_weights=None,
            weights_folder=None,
            use_content_safety=planned.use,
        ),
    )


def _settings(stack: ResolvedStack) -> dict[str, Json]:
    """What guardrails/settings.py reads."""
    listener = request_path(stack.resolution).listener
    named: dict[str, Json] = {}
    for view in stack.models:
        # Adapters are names of their own, and no way around the model's policy.
        named |= {name: view.settings.safety for name in served_names(view) if view.settings.safety is not None}
    return {
        "policies": {view.settings.name: _policy(stack, view) for view in policies(stack.resolution)},
        "models": named,
        "tenants": {tenant.name: tenant.safety for tenant in stack.settings.tenants if tenant.safety is not None},
        "largest_body_bytes": listener.body_mib * _BYTES_PER_MIB,
        "largest_bodies": _BODIES,
        "largest_streams": _streams(stack),
        "drain_seconds": stack.settings.gateway.request_timeout_seconds,
    }


def _policy(stack: ResolvedStack, view: PolicyView) -> dict[str, Json]:
    settings = view.settings
    return {
        "guard": _guard(stack, view),
        "input": settings.stages.input,
        "output": settings.stages.output,
        "on_failure": settings.on_failure,
        "timeout_seconds": settings.timeout_ms / 1000,
        "window_characters": settings.window.characters,
        "overlap_characters": OVERLAP_CHARACTERS,
        "largest_input_characters": settings.prompt_characters,
    }


def _guard(stack: ResolvedStack, view: PolicyView) -> dict[str, Json]:
    facts, azure, largest = stack.catalog.safety.azure, view.settings.guard.azure, largest_text(stack.resolution, view)
    if azure is not None:
        return {
            "kind": "azure",
            "endpoint": f"https://{stack.names.content_safety.value}.cognitiveservices.azure.com",
            "api_version": facts.api_version,
            "categories": {
                name: severity
                for key, name in facts.categories.items()
                if (severity := getattr(azure, key)) is not None
            },
            "prompt_shields": azure.prompt_shields,
            "largest_text": largest,
        }
    guard = guard_model(stack.resolution, view)
    if guard is None:
        raise ValueError(view.path)
    # Its own Service: not through the gateway, which would judge what is judged.
    host = f"{guard.release.settings.name}-pods.{MODELS_NAMESPACE}.svc.cluster.local:{HTTP_PORT}"
    return {
        "kind": "model",
        "endpoint": f"http://{host}",
        "model": guard.release.settings.name,
        "family": guard.facts.family,
        "largest_text": largest,
        "categories": list(view.settings.guard.categories),
    }


def _streams(stack: ResolvedStack) -> int:
    """Requests that one pod takes: all that the models run at once, twice, since others may be away or waiting."""
    at_once = sum(view.settings.replicas.max * view.settings.concurrency for view in stack.models)
    return max(_LEAST_STREAMS, 2 * at_once)


def _line(view: PolicyView) -> str:
    settings = view.settings
    judge = "Azure AI Content Safety" if settings.guard.azure is not None else settings.guard.model
    stages = f"prompts: {settings.stages.input}, answers: {settings.stages.output}"
    return f"{settings.name}: {judge}, {stages}, fails {settings.on_failure}"
