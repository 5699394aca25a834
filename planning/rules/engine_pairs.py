"""Rules about vLLM's options together: sizes that must not exceed one another, and options that need others."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog import Model, VllmVersion
from planning.placement.model_on_pool import ModelOnPool
from planning.resolving.resolution import ModelView, Resolution
from planning.rules.engine import mapping
from planning.rules.reads import DEVICES, ENGINE, SOURCE
from planning.rules.register import Violation, Violations, model_rule, placement_rule
from planning.rules.words import listed
from planning.vllm.batch import batch, chunks_prefill
from planning.vllm.flags import number

_SCHEDULER = "vLLM 0.33 vllm/config/scheduler.py verify_max_model_len"
_PARALLEL = "vLLM 0.33 vllm/config/parallel.py, vllm/config/model.py verify_with_parallel_config"
_LORA_OPTIONS = (
    "lora-modules", "default-mm-loras", "max-loras", "max-lora-rank", "max-cpu-loras", "fully-sharded-loras",
    "lora-dtype", "lora-target-modules", "specialize-active-lora",
)  # fmt: skip


def _asked(model: ModelView) -> Iterator[tuple[VllmVersion, dict[str, Any]]]:
    """The vLLM version and the options of a model that gives any."""
    if model.vllm is not None and model.settings.engine.args:
        yield model.vllm, model.asked


def _path(model: ModelView, option: str) -> str:
    """Place of an option as the stack file spells it."""
    spelled = [name for name in model.settings.engine.args if name.replace("_", "-") == option]
    return f"{model.path}.engine.args" + (f".{spelled[0]}" if spelled else "")


@placement_rule(
    "ENGINE-BATCH",
    "error",
    prevents="vLLM exits at start: `max_num_batched_tokens (…) must be greater than or equal to max_num_seqs`, or is "
    "smaller than max_model_len.",
    source=_SCHEDULER,
    model=(*SOURCE, "pool", "slice", "context", *ENGINE),
    pool=("name", *DEVICES),
)
def batch_holds(_: Resolution, place: ModelOnPool) -> Violations:
    """`max-num-batched-tokens` is at least `max-num-seqs`, and at least `context` without chunked prefill."""
    model, device = place.model, place.device
    if device is None or not place.tightest:
        return
    for vllm, asked in _asked(model):
        sizes, context = batch(vllm, device, model.known, model.settings.context, asked), model.settings.context
        if sizes.tokens < sizes.requests:
            yield Violation(
                _path(model, "max-num-seqs"),
                f"{sizes.requests} requests a step, but max-num-batched-tokens is {sizes.tokens}",
                f"write max-num-seqs: {sizes.tokens} or less, or max-num-batched-tokens: {sizes.requests} or more",
            )
        if sizes.tokens < context and not chunks_prefill(model.known, asked):
            yield Violation(
                _path(model, "max-num-batched-tokens"),
                f"{sizes.tokens} tokens a step, but prompts aren't split and {model.path}.context is {context}",
                f"write {context} or more, or leave `max-num-batched-tokens` out",
            )
        active = number(asked.get("max-num-active-seqs"))
        if active is not None and active > sizes.requests:
            yield Violation(
                _path(model, "max-num-active-seqs"),
                f"{active}, more than max-num-seqs: {sizes.requests}",
                f"write {sizes.requests} or less",
            )
        threshold = number(asked.get("long-prefill-token-threshold"))
        if threshold is not None and threshold > context:
            yield Violation(
                _path(model, "long-prefill-token-threshold"),
                f"{threshold}, more than {model.path}.context: {context}",
                f"write {context} or less",
            )


@model_rule(
    "ENGINE-LORA",
    "error",
    prevents="vLLM exits at start, or answers 404 for every adapter: LoRA isn't enabled.",
    source="vLLM 0.33 vllm/config/lora.py; lora-modules alone is refused by nobody",
    model=("engine.version", "engine.args"),
)
def adapters_sound(_: Resolution, model: ModelView) -> Violations:
    """LoRA options have `enable-lora`, and `max-cpu-loras` is at least `max-loras`."""
    for _version, asked in _asked(model):
        if asked.get("enable-lora") is not True:
            for option in _LORA_OPTIONS:
                if asked.get(option) not in (None, False):
                    yield Violation(
                        _path(model, option),
                        f"`{option}` without `enable-lora`",
                        "add enable-lora: true, or leave it out",
                    )
            continue
        in_memory, at_once = number(asked.get("max-cpu-loras")), number(asked.get("max-loras")) or 1
        if in_memory is not None and in_memory < at_once:
            yield Violation(
                _path(model, "max-cpu-loras"),
                f"{in_memory}, fewer than max-loras: {at_once}",
                f"write {at_once} or more",
            )


def mixture(model: Model | None) -> bool | None:
    """Whether a model is a mixture of experts; None where that isn't on file."""
    if model is None or (model.experts is None and model.active_b is None):
        return None
    return model.experts is not None or (model.active_b is not None and model.active_b < model.params_b)


@model_rule(
    "ENGINE-EXPERTS",
    "error",
    prevents="vLLM exits at start: `Number of experts in the model must be greater than 0 when expert parallelism is "
    "enabled`.",
    source=_PARALLEL,
    model=(*SOURCE, *ENGINE),
)
def experts_exist(_: Resolution, model: ModelView) -> Violations:
    """Expert parallelism needs a mixture of experts, and load balancing needs expert parallelism on several GPUs."""
    for _version, asked in _asked(model):
        spread, balanced = asked.get("enable-expert-parallel") is True, asked.get("enable-eplb") is True
        if spread and mixture(model.known) is False:
            yield Violation(
                _path(model, "enable-expert-parallel"),
                f"`{model.settings.source.model_id}` is no mixture of experts",
                "leave it out",
            )
        if balanced and not spread:
            yield Violation(
                _path(model, "enable-eplb"),
                "`enable-eplb` needs `enable-expert-parallel`",
                "add enable-expert-parallel: true, or leave it out",
            )
        elif balanced and model.settings.engine.tensor_parallel == 1:
            yield Violation(
                _path(model, "enable-eplb"),
                f"there is nothing to balance on one GPU ({model.path}.engine.tensor_parallel: 1)",
                "leave it out, or raise tensor_parallel",
            )
        redundant = number((mapping(asked.get("eplb-config")) or {}).get("num_redundant_experts"))
        if redundant and not balanced:
            yield Violation(
                _path(model, "eplb-config"),
                f"num_redundant_experts: {redundant} without `enable-eplb`",
                "add enable-eplb: true, or leave it out",
            )


@model_rule(
    "ENGINE-DCP",
    "error",
    prevents="vLLM exits at start: the KV cache cannot be sharded that way.",
    source=_PARALLEL,
    model=(*SOURCE, *ENGINE),
)
def context_parallel_legal(_: Resolution, model: ModelView) -> Violations:
    """`decode-context-parallel-size` divides the copies of key-value heads that tensor parallelism makes."""
    for _version, asked in _asked(model):
        wanted, ranks = number(asked.get("decode-context-parallel-size")) or 1, model.settings.engine.tensor_parallel
        if wanted == 1 or model.known is None:
            continue
        legal = [size for size in range(2, ranks + 1) if _legal_context_parallel(model.known, ranks, size)]
        if wanted not in legal:
            compressed = model.known.attention_kind == "mla"
            copies = "" if compressed else f" and {model.known.kv_heads} key-value heads ({model.known.heads} heads)"
            yield Violation(
                _path(model, "decode-context-parallel-size"),
                f"{wanted} doesn't go with tensor_parallel {ranks}{copies}",
                f"write one of {listed(legal)}" if legal else "leave it out: there are no copies to share out",
            )


def _legal_context_parallel(model: Model, ranks: int, size: int) -> bool:
    if ranks % size:
        return False
    if model.attention_kind == "mla":
        return True
    return ranks > model.kv_heads and size <= ranks // model.kv_heads and (model.heads // model.kv_heads) % size == 0


# Option → the option that it does nothing, or fails, without.
_NEEDS: Mapping[str, str] = {
    "kv-offloading-backend": "kv-offloading-size",
    "numa-bind-nodes": "numa-bind",
    "numa-bind-cpus": "numa-bind",
}
# Options that say the same: (option, option that takes a mapping, its key).
_SAME = (
    ("spec-method", "speculative-config", "method"),
    ("spec-model", "speculative-config", "model"),
    ("spec-tokens", "speculative-config", "num_speculative_tokens"),
    ("attention-backend", "attention-config", "backend"),
)


@model_rule(
    "ENGINE-TOGETHER",
    "error",
    prevents="vLLM exits at start, or ignores an option: two options contradict each other, or one needs another.",
    source="vLLM 0.33 vllm/engine/arg_utils.py, vllm/config/parallel.py, vllm/config/kv_transfer.py",
    model=("engine.version", "engine.args"),
)
def options_agree(_: Resolution, model: ModelView) -> Violations:
    """Options that need another option have it, and no setting is given in two ways."""
    for _version, asked in _asked(model):
        for option, needed in _NEEDS.items():
            if asked.get(option) is not None and not asked.get(needed):
                yield Violation(
                    _path(model, option), f"`{option}` without `{needed}`", f"add {needed}, or leave it out"
                )
        for option, holder, key in _SAME:
            if option in asked and key in (mapping(asked.get(holder)) or {}):
                yield Violation(
                    _path(model, option),
                    f"`{option}` and `{key}` of `{holder}` say the same",
                    "leave one of them out",
                )
        transfer = mapping(asked.get("kv-transfer-config")) or {}
        if transfer.get("kv_connector") is not None and transfer.get("kv_role") is None:
            yield Violation(
                f"{_path(model, 'kv-transfer-config')}.kv_role",
                "`kv_connector` without `kv_role`",
                "add kv_role: kv_producer, kv_consumer or kv_both",
            )
