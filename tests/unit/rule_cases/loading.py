"""What breaks and what keeps each rule of planning/rules/loading.py."""

from rule_cases.case import Case, Changes, argument, second_model

STORED = {"models[0].source": {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"}}
# Its embedding: 151,936 tokens of 4,096 numbers of two bytes.
EMBEDDING = 151936 * 4096 * 2

# 131.4 GiB: 141 GB, 17 minutes at 150 MB/s and 14 at the 170 of a burst.
LARGE = {"huggingface": "meta-llama/Llama-3.3-70B-Instruct", "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b"}


def large(minutes: int, disk_gib: int = 512) -> Changes:
    model = {"source": LARGE, "engine": {"tensor_parallel": 2}, "start_minutes": minutes}
    return {**second_model(model, os_disk_gib=disk_gib), "security.hugging_face_token": "hf-token"}


CASES: dict[str, Case] = {
    "ENGINE-LOADER": Case(
        {**STORED, **argument("model-loader-extra-config", {"memory_limit": EMBEDDING - 1})},
        {**STORED, **argument("model-loader-extra-config", {"memory_limit": EMBEDDING})},
    ),
    "START-BUDGET": Case(large(14), large(15)),
    "START-SLOW": Case(large(20), large(21)),
}
