"""What breaks and what keeps each rule of planning/rules/engine_unsafe.py."""

from typing import Any

from rule_cases.case import Case, Changes, args, argument


def opened(*flags: str, **more: Any) -> Changes:
    entries = [{"flag": flag, "reason": "a trial in a cluster of its own", **more} for flag in flags]
    return {**argument("tokenizer", "acme/tokenizer"), "models[0].engine.unsafe": entries}


PROD = {"platform.environment": "prod"}
CASES: dict[str, Case] = {
    "ENGINE-DASH": Case(
        args(allowed_media_domains=["a.example", "--trust-remote-code"]),
        args(allowed_media_domains=["a.example", "-1"]),
    ),
    "ENGINE-FORBIDDEN": Case(argument("trust-remote-code", True), argument("trust-remote-code", False)),
    "ENGINE-UNSAFE": Case(opened("tokenizer"), {}),
    "ENGINE-UNSAFE-PROD": Case({**opened("tokenizer"), **PROD}, {**opened("tokenizer", prod=True), **PROD}),
    "ENGINE-UNSAFE-UNUSED": Case(opened("tokenizer", "middleware"), opened("tokenizer")),
}
