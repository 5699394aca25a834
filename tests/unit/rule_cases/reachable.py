"""What breaks and what keeps each rule of planning/rules/reachable.py."""

from typing import Any

from rule_cases.case import Case, Changes, args, second_model

ADAPTER = "acme/support-lora"


def lora(*modules: Any) -> Changes:
    opened = {"models[0].engine.unsafe": [{"flag": "lora-modules", "reason": "our own repositories"}]}
    return {**args(enable_lora=True, lora_modules=list(modules)), **opened}


CASES: dict[str, Case] = {
    "ENGINE-FILE": Case(args(chat_template="templates/mine.jinja"), args(chat_template="examples/mine.jinja")),
    "ENGINE-REACHABLE": Case(args(ssl_certfile="tls.crt"), args(uvicorn_log_level="warning")),
    "LORA-FORM": Case(lora(f"support:{ADAPTER}"), lora(f"support={ADAPTER}")),
    "LORA-NAME": Case(lora(f"embed={ADAPTER}"), lora(f"embeds={ADAPTER}")),
    "LORA-SOURCE": Case(
        {**second_model({"source": {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"}}),
         "models[2].engine": {"args": {"enable-lora": True, "lora-modules": [f"support={ADAPTER}"]}}},
        lora(f"support={ADAPTER}"),
    ),
}  # fmt: skip
