"""What breaks and what keeps each rule of planning/rules/loading.py."""

from rule_cases.case import Case, argument

STORED = {"models[0].source": {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"}}
# Its embedding: 151,936 tokens of 4,096 numbers of two bytes.
EMBEDDING = 151936 * 4096 * 2

CASES: dict[str, Case] = {
    "ENGINE-LOADER": Case(
        {**STORED, **argument("model-loader-extra-config", {"memory_limit": EMBEDDING - 1})},
        {**STORED, **argument("model-loader-extra-config", {"memory_limit": EMBEDDING})},
    ),
}
