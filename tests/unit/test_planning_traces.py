"""Traces and versions of vLLM: one that can't send spans is refused before it is started with the option."""

from msgspec.structs import replace
from planning_stacks import CATALOG, changed, planned

import config
from planning.resolving.resolution import Resolution
from planning.rules.telemetry import servers_send_spans

_FLAG = "--otlp-traces-endpoint"


def test_a_version_without_the_option_is_refused() -> None:
    settings = config.load(changed({"observability.traces": {"backend": "tempo"}})).settings
    assert settings is not None
    stack = Resolution(settings, CATALOG, (), None)
    release = stack.releases[0]
    assert release.vllm is not None
    older = replace(
        release,
        vllm=replace(release.vllm, flags={name: flag for name, flag in release.vllm.flags.items() if name != _FLAG}),
    )

    [violation] = servers_send_spans(stack, older)

    assert list(servers_send_spans(stack, release)) == []
    assert _FLAG in violation.message
    assert violation.path == "models[0].engine"


def test_prompts_of_a_tenant_with_tokens_are_never_kept_and_a_warning_says_so() -> None:
    tokens = {
        "gateway.entra": {"audience": "00000000-0000-4000-8000-00000000000a"},
        "tenants[0].entra": {"groups": ["00000000-0000-4000-8000-00000000000b"]},
    }
    traces = {"observability.traces": {"backend": "tempo", "capture_prompts": True}, "tenants[0].record_prompts": True}

    found = [finding for finding in planned({**tokens, **traces}).findings if finding.rule == "TRACE-PROMPTS"]

    assert [(finding.path, "tokens of Entra" in finding.message) for finding in found] == [
        ("tenants[0].record_prompts", True)
    ]
    assert not [finding for finding in planned(traces).findings if finding.rule == "TRACE-PROMPTS"]
