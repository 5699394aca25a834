"""Mistakes about content safety: policies, guards and images that aren't there, and values out of their bounds."""

from typing import Any

from broken.change import Broken, Change, put

_POLICY = "safety.policies[0]"
_IMAGE = {"repository": "platform/guardrails", "digest": "sha256:" + "a" * 64}
_AZURE: dict[str, Any] = {"azure": {}}


def _safety(**policy: Any) -> tuple[Change, ...]:
    whole = {"name": "standard", "guard": _AZURE, **policy}
    return put("safety", {"processor_image": dict(_IMAGE), "policies": [whole]}), put("models[0].safety", "standard")


TABLE = (
    Broken(
        "misspelt policy",
        (*_safety(), put("models[0].safety", "standrad")),
        {("SAFETY-POLICY", "models[0].safety"): ("`standrad`", "did you mean `standard`")},
    ),
    Broken(
        "policy of a tenant without any policies",
        (put("tenants[0].safety", "strict"),),
        {("SAFETY-POLICY", "tenants[0].safety"): ("`strict`", "add safety.policies")},
    ),
    Broken(
        "two policies of one name",
        (*_safety(), put("safety.policies[1]", {"name": "standard", "guard": _AZURE, "on_failure": "open"})),
        {("SAFETY-POLICY", "safety.policies[1].name"): ("`standard`", "a name of its own")},
    ),
    Broken(
        "guard model that isn't in the stack",
        _safety(guard={"model": "llama-guard"}),
        {("SAFETY-GUARD", f"{_POLICY}.guard.model"): ("`llama-guard`", "`chat`")},
    ),
    Broken(
        "chat model as a guard",
        _safety(guard={"model": "chat"}),
        {("SAFETY-GUARD", f"{_POLICY}.guard.model"): ("not known as a guard", "meta-llama/Llama-Guard-3-8B")},
    ),
    Broken(
        "two guards in one policy",
        _safety(guard={"azure": {}, "model": "chat"}),
        {("CFG-VALUE", f"{_POLICY}.guard"): ("both are given", "{model: NAME}")},
    ),
    Broken(
        "policy without a guard",
        _safety(guard={}),
        {("CFG-VALUE", f"{_POLICY}.guard"): ("neither is given",)},
    ),
    Broken(
        "severity that Azure doesn't have",
        _safety(guard={"azure": {"hate": 3}}),
        {("CFG-VALUE", f"{_POLICY}.guard.azure.hate"): ("3", "`2`, `4`, `6`")},
    ),
    Broken(
        "guard that finds nothing",
        _safety(
            guard={
                "azure": {"hate": None, "self_harm": None, "sexual": None, "violence": None, "prompt_shields": False}
            }
        ),
        {("CFG-VALUE", f"{_POLICY}.guard.azure"): ("finds nothing",)},
    ),
    *(
        Broken(
            f"answers with nothing to be found in them, prompts {prompts}",
            _safety(
                guard={"azure": {"hate": None, "self_harm": None, "sexual": None, "violence": None}},
                stages={"input": prompts},
            ),
            {("CFG-VALUE", _POLICY): ("nothing can be found in answers", "output: off")},
        )
        for prompts in ("block", "off")
    ),
    Broken(
        "digest that was never filled in",
        (*_safety(), put("safety.processor_image.digest", "sha256:" + "0" * 64)),
        {("SAFETY-IMAGE", "safety.processor_image.digest"): ("all zeros", "docker push")},
    ),
    Broken(
        "model server as the processor",
        (*_safety(), put("safety.processor_image.repository", "docker.io/vllm/vllm-openai")),
        {("SAFETY-IMAGE", "safety.processor_image.repository"): ("something else", "guardrails/Containerfile")},
    ),
    Broken(
        "stage with a mode that nobody has",
        _safety(stages={"input": "warn"}),
        {("CFG-VALUE", f"{_POLICY}.stages.input"): ("warn", "annotate")},
    ),
    Broken(
        "policy that judges nothing",
        _safety(stages={"input": "off", "output": "off"}),
        {("CFG-VALUE", f"{_POLICY}.stages"): ("nothing is judged",)},
    ),
    Broken(
        "window of a few characters",
        _safety(window={"characters": 10}),
        {("CFG-VALUE", f"{_POLICY}.window.characters"): ("10", "50 to 5000")},
    ),
    Broken(
        "check without a limit of time",
        _safety(timeout_ms=0),
        {("CFG-VALUE", f"{_POLICY}.timeout_ms"): ("50 to 30000",)},
    ),
    Broken(
        "image by a tag",
        (*_safety(), put("safety.processor_image.digest", "v1")),
        {("CFG-VALUE", "safety.processor_image.digest"): ("v1", "sha256:")},
    ),
    Broken(
        "image of another registry",
        (*_safety(), put("safety.processor_image.repository", "ghcr.io/acme/guardrails:v1")),
        {("CFG-VALUE", "safety.processor_image.repository"): ("ghcr.io/acme/guardrails:v1", "platform's own registry")},
    ),
    Broken(
        "policies without an image",
        (*_safety(), put("safety", {"policies": [{"name": "standard", "guard": _AZURE}]})),
        {("CFG-MISSING", "safety.processor_image"): ("guardrails/Containerfile",)},
    ),
)
