"""What breaks and what keeps each rule of planning/rules/safety_bounds.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.safety import azure, safety


def _prompts(characters: int) -> dict[str, Any]:
    return {**safety(azure(prompt_characters=characters)), "models[0].context": 8192}


CASES: dict[str, Case] = {
    "SAFETY-PROMPT": Case(_prompts(4 * 8192 - 1), _prompts(4 * 8192)),
    "SAFETY-HURRY": Case(safety(azure(timeout_ms=1999)), safety(azure(timeout_ms=2000))),
    "SAFETY-IMAGE": Case(
        {**safety(azure()), "safety.processor_image.repository": "vllm/vllm-openai"},
        {**safety(azure()), "safety.processor_image.repository": "acme/vllm-openai-guardrails"},
    ),
}
