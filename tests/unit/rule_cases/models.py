"""What breaks and what keeps each rule of planning/rules/models.py."""

from planning_stacks import DROP, pool

from rule_cases.case import OWN, Case, second_model

CASES: dict[str, Case] = {
    "MODEL-ATTENTION": Case(
        {"models[0].source.huggingface": "meta-llama/Llama-4-Scout-17B-16E-Instruct"},
        {"models[0].source.huggingface": "BAAI/bge-m3", "models[0].context": 8192},
    ),
    "MODEL-CONFIG": Case(
        {"models[0].source.hf_config": "missing.json"},
        {"models[0].source.hf_config": OWN},
    ),
    "MODEL-CONTEXT": Case(
        {"models[0].context": 40961, "models[0].concurrency": 1},
        {"models[0].context": 40960, "models[0].concurrency": 1},
    ),
    "MODEL-UNKNOWN": Case(
        {"models[0].source": {"blob": "chat", "model": "acme/chat"}},
        {"models[0].source": {"blob": "chat", "model": "Qwen/Qwen3-8B"}},
    ),
    "POOL-CLASS": Case(
        {"pools[1]": pool("batch", **{"class": "fine-tuning"}), "models[0].pool": "batch", "models[0].slice": DROP},
        {"pools[1]": pool("batch"), "models[0].pool": "batch", "models[0].slice": DROP},
    ),
    "POOL-UNKNOWN": Case(second_model({"pool": "others"}), second_model({"pool": "other"})),
    "TP-DEVICES": Case(
        second_model({"engine": {"tensor_parallel": 4}}),
        second_model({"engine": {"tensor_parallel": 2}}),
    ),
    "TP-HEADS": Case(
        second_model({"engine": {"tensor_parallel": 3}}),
        second_model({"engine": {"tensor_parallel": 2}}),
    ),
}
