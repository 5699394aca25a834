"""What breaks and what keeps each rule of planning/rules/safety.py."""

from typing import Any

from planning_stacks import model

from rule_cases.case import Case, second_pool

IMAGE = {"repository": "platform/guardrails", "digest": "sha256:" + "a" * 64}
LLAMA_GUARD = {"huggingface": "meta-llama/Llama-Guard-3-8B", "revision": "7327bd9f6efbbe6101dc6cc4736302b3cbb6e425"}
GUARDED = {
    **second_pool(),
    "models[2]": model("guard", "other", source=LLAMA_GUARD, context=8192),
    "security.hugging_face_token": "hugging-face-token",
}


def azure(**policy: Any) -> dict[str, Any]:
    return {"name": "standard", "guard": {"azure": {}}, **policy}


def by_model(**policy: Any) -> dict[str, Any]:
    return azure(**({"guard": {"model": "guard"}} | policy))


def safety(*policies: dict[str, Any], use: str = "standard") -> dict[str, Any]:
    return {"safety": {"processor_image": IMAGE, "policies": list(policies)}, "models[0].safety": use}


PROD = {"platform.environment": "prod"}
SHADOW = {"input": "shadow", "output": "shadow"}
CASES: dict[str, Case] = {
    "SAFETY-POLICY": Case(safety(azure(), use="standrad"), safety(azure())),
    "SAFETY-GUARD": Case(
        {**GUARDED, **safety(by_model(guard={"model": "guard", "categories": ["S15"]}))},
        {**GUARDED, **safety(by_model(guard={"model": "guard", "categories": ["S14"]}))},
    ),
    "SAFETY-WINDOW": Case(
        {**GUARDED, "models[2].context": 2000, **safety(by_model(window={"characters": 601}))},
        {**GUARDED, "models[2].context": 2000, **safety(by_model(window={"characters": 600}))},
    ),
    "SAFETY-OPEN": Case(
        {**PROD, **safety(azure(on_failure="open"))}, {**PROD, **safety(azure(on_failure="open", stages=SHADOW))}
    ),
    "SAFETY-UNUSED": Case(safety(azure(), azure(name="strict")), safety(azure())),
    "SAFETY-PUBLIC": Case(
        {**GUARDED, **safety(by_model())},
        {**GUARDED, **safety(by_model()), "tenants[0].models": ["chat"]},
    ),
    "SAFETY-BOTH": Case(
        {**safety(azure(), azure(name="strict")), "tenants[0].safety": "strict"},
        {**safety(azure()), "tenants[0].safety": "standard"},
    ),
    "SAFETY-RESIDENCY": Case(
        {**safety(azure()), "tenants[0].data_residency": "cluster"},
        {**GUARDED, **safety(by_model()), "tenants[0].data_residency": "cluster"},
    ),
    "SAFETY-STREAM": Case(safety(azure()), safety(azure(stages={"output": "annotate"}))),
    "SAFETY-AWAY": Case(safety(azure()), {}),
}
