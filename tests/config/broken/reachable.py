"""Mistakes by which nobody reaches what a model would serve, or the model doesn't reach what it needs."""

from typing import Any

from broken.change import Broken, Change, put

_ARGS = "models[0].engine.args"
_STORED = put("models[0].source", {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"})


def _lora(modules: Any) -> tuple[Change, ...]:
    opened = [{"flag": "lora-modules", "reason": "our own repositories"}]
    return (
        put(f"{_ARGS}.enable-lora", True),
        put(f"{_ARGS}.lora-modules", modules),
        put("models[0].engine.unsafe", opened),
    )


TABLE = (
    Broken(
        "adapter in a folder that nothing fills",
        _lora(["support=/home/vllm/adapters/support"]),
        {("LORA-SOURCE", f"{_ARGS}.lora-modules[0]"): ("/home/vllm/adapters/support", "such as organisation/adapter")},
    ),
    Broken(
        "downloaded adapter of a model from the store",
        (_STORED, *_lora([{"name": "support", "path": "acme/support-lora"}])),
        {("LORA-SOURCE", f"{_ARGS}.lora-modules[0]"): ("acme/support-lora", "models[0].source.huggingface")},
    ),
    Broken(
        "adapter with the name of a model",
        _lora(["embed=acme/support-lora"]),
        {("LORA-NAME", f"{_ARGS}.lora-modules[0]"): ("`embed`", "models[1].name")},
    ),
    Broken(
        "adapters as names with paths",
        _lora({"support": "acme/support-lora"}),
        {("LORA-FORM", f"{_ARGS}.lora-modules"): ("`name`", "write name=organisation/adapter")},
    ),
    Broken(
        "second name that no route has",
        (put(f"{_ARGS}.served-model-name", ["chat", "gpt-4"]),),
        {("ENGINE-OWNED", f"{_ARGS}.served-model-name"): ("models[].name",)},
    ),
    Broken(
        "TLS in the server, behind a gateway that speaks HTTP",
        (put(f"{_ARGS}.ssl-certfile", "/tls/tls.crt"), put(f"{_ARGS}.ssl-keyfile", "/tls/tls.key")),
        {
            ("ENGINE-REACHABLE", f"{_ARGS}.ssl-certfile"): ("plain HTTP", "leave it out"),
            ("ENGINE-REACHABLE", f"{_ARGS}.ssl-keyfile"): ("plain HTTP", "leave it out"),
        },
    ),
    Broken(
        "chat template that isn't in the image",
        (put(f"{_ARGS}.chat-template", "/templates/chat.jinja"),),
        {("ENGINE-FILE", f"{_ARGS}.chat-template"): ("/templates/chat.jinja", "the template itself")},
    ),
    Broken(
        "draft from Hugging Face beside a model from the store",
        (
            _STORED,
            put(
                f"{_ARGS}.speculative-config",
                {"method": "eagle3", "model": "acme/eagle3", "revision": "0" * 40, "num_speculative_tokens": 2},
            ),
        ),
        {("ENGINE-FILE", f"{_ARGS}.speculative-config.model"): ("acme/eagle3", "no Hugging Face")},
    ),
)
