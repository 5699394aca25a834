"""Rules about vLLM's options together: sizes that must not exceed one another, and options that need others."""

from collections.abc import Iterator
from typing import Any

from catalog import Model, VllmVersion
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine import mapping
from planning.rules.register import Problem, rule
from planning.rules.words import listed
from planning.vllm.batch import batch, chunks_prefill
from planning.vllm.flags import number

_SCHEDULER = "vLLM 0.33 vllm/config/scheduler.py verify_max_model_len"
_PARALLEL = "vLLM 0.33 vllm/config/parallel.py, vllm/config/model.py verify_with_parallel_config"


def _asked(stack: Resolution) -> Iterator[tuple[ReleaseView, VllmVersion, dict[str, Any]]]:
    for model in stack.releases:
        if model.vllm is not None and model.settings.engine.args:
            yield model, model.vllm, model.asked


def _path(model: ReleaseView, option: str) -> str:
    """Place of an option as the stack file spells it."""
    spelled = [name for name in model.settings.engine.args if name.replace("_", "-") == option]
    return f"{model.path}.engine.args" + (f".{spelled[0]}" if spelled else "")


@rule(
    "ENGINE-BATCH", "error", prevents="a server that stops because a step can't hold what is asked", source=_SCHEDULER
)
def batch_holds(stack: Resolution) -> Iterator[Problem]:
    """A step takes at least one token of each request, and a whole prompt where prompts aren't split."""
    for model, vllm, asked in _asked(stack):
        if not model.placed:
            continue
        device = min((device for _, device in model.placed), key=lambda one: one.share_gib)
        sizes, context = batch(vllm, device, model.architecture, model.settings.context, asked), model.settings.context
        if sizes.tokens < sizes.requests:
            yield (
                _path(model, "max-num-seqs"),
                f"{sizes.requests} requests a step, but max-num-batched-tokens is {sizes.tokens}",
                f"write max-num-seqs: {sizes.tokens} or less, or max-num-batched-tokens: {sizes.requests} or more",
            )
        if sizes.tokens < context and not chunks_prefill(model.architecture, asked):
            yield (
                _path(model, "max-num-batched-tokens"),
                f"{sizes.tokens} tokens a step, but prompts aren't split and {model.path}.context is {context}",
                f"write {context} or more, or leave `max-num-batched-tokens` out",
            )
        active = number(asked.get("max-num-active-seqs"))
        if active is not None and active > sizes.requests:
            yield (
                _path(model, "max-num-active-seqs"),
                f"{active}, more than max-num-seqs: {sizes.requests}",
                f"write {sizes.requests} or less",
            )
        threshold = number(asked.get("long-prefill-token-threshold"))
        if threshold is not None and threshold > context:
            yield (
                _path(model, "long-prefill-token-threshold"),
                f"{threshold}, more than {model.path}.context: {context}",
                f"write {context} or less",
            )


@rule(
    "ENGINE-LORA",
    "error",
    prevents="a server that stops, or one that starts and knows no adapter",
    source="vLLM 0.33 vllm/config/lora.py; lora-modules alone is refused by nobody",
)
def adapters_sound(stack: Resolution) -> Iterator[Problem]:
    """Options for adapters need `enable-lora`, and the host's memory holds at least the adapters of one batch."""
    for model, vllm, asked in _asked(stack):
        if asked.get("enable-lora") is not True:
            for option in vllm.lora_options:
                if asked.get(option) not in (None, False):
                    yield (
                        _path(model, option),
                        f"`{option}` without `enable-lora`",
                        "add enable-lora: true, or leave it out",
                    )
            continue
        in_memory, at_once = number(asked.get("max-cpu-loras")), number(asked.get("max-loras")) or 1
        if in_memory is not None and in_memory < at_once:
            yield (
                _path(model, "max-cpu-loras"),
                f"{in_memory}, fewer than max-loras: {at_once}",
                f"write {at_once} or more",
            )


def mixture(model: Model | None) -> bool | None:
    """Whether a model is a mixture of experts; None where that isn't on file."""
    if model is None or (model.experts is None and model.active_b is None):
        return None
    return model.experts is not None or (model.active_b is not None and model.active_b < model.params_b)


@rule(
    "ENGINE-EXPERTS",
    "error",
    prevents="a server that stops with `Number of experts in the model must be greater than 0`",
    source=_PARALLEL,
)
def experts_exist(stack: Resolution) -> Iterator[Problem]:
    """Spreading experts needs experts, and balancing them needs them spread over several GPUs."""
    for model, _, asked in _asked(stack):
        spread, balanced = asked.get("enable-expert-parallel") is True, asked.get("enable-eplb") is True
        if spread and mixture(model.architecture) is False:
            yield (
                _path(model, "enable-expert-parallel"),
                f"`{model.settings.source.model_id}` is no mixture of experts",
                "leave it out",
            )
        if balanced and not spread:
            yield (
                _path(model, "enable-eplb"),
                "`enable-eplb` needs `enable-expert-parallel`",
                "add enable-expert-parallel: true, or leave it out",
            )
        elif balanced and model.settings.engine.tensor_parallel == 1:
            yield (
                _path(model, "enable-eplb"),
                f"there is nothing to balance on one GPU ({model.path}.engine.tensor_parallel: 1)",
                "leave it out, or raise tensor_parallel",
            )
        redundant = number((mapping(asked.get("eplb-config")) or {}).get("num_redundant_experts"))
        if redundant and not balanced:
            yield (
                _path(model, "eplb-config"),
                f"num_redundant_experts: {redundant} without `enable-eplb`",
                "add enable-eplb: true, or leave it out",
            )


@rule(
    "ENGINE-DCP", "error", prevents="a server that stops because its KV cache can't be shared out so", source=_PARALLEL
)
def context_parallel_legal(stack: Resolution) -> Iterator[Problem]:
    """Decode context parallelism shares out key-value heads that tensor parallelism has copied."""
    for model, _, asked in _asked(stack):
        wanted, ranks = number(asked.get("decode-context-parallel-size")) or 1, model.settings.engine.tensor_parallel
        if wanted == 1 or model.architecture is None:
            continue
        legal = [size for size in range(2, ranks + 1) if _legal_context_parallel(model.architecture, ranks, size)]
        if wanted not in legal:
            compressed = model.architecture.attention_kind == "mla"
            copies = (
                ""
                if compressed
                else f" and {model.architecture.kv_heads} key-value heads ({model.architecture.heads} heads)"
            )
            yield (
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


@rule(
    "ENGINE-TOGETHER",
    "error",
    prevents="a server that stops because options contradict or miss each other",
    source="vLLM 0.33 vllm/engine/arg_utils.py, vllm/config/parallel.py, vllm/config/kv_transfer.py",
)
def options_agree(stack: Resolution) -> Iterator[Problem]:
    """Options that need others have them, and none is said in two ways."""
    for model, vllm, asked in _asked(stack):
        for option, needed in vllm.required_options.items():
            if asked.get(option) is not None and not asked.get(needed):
                yield _path(model, option), f"`{option}` without `{needed}`", f"add {needed}, or leave it out"
        for same in vllm.key_options:
            if same.option in asked and same.key in (mapping(asked.get(same.mapping)) or {}):
                yield (
                    _path(model, same.option),
                    f"`{same.option}` and `{same.key}` of `{same.mapping}` say the same",
                    "leave one of them out",
                )
        transfer = mapping(asked.get("kv-transfer-config")) or {}
        if transfer.get("kv_connector") is not None and transfer.get("kv_role") is None:
            yield (
                f"{_path(model, 'kv-transfer-config')}.kv_role",
                "`kv_connector` without `kv_role`",
                "add kv_role: kv_producer, kv_consumer or kv_both",
            )
