"""Rules about vLLM's options together: sizes that must not exceed one another, and options that need others."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog import Model, VllmVersion
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed
from planning.vllm.batch import chunks_prefill
from planning.vllm.options import mapping, whole_number

_SCHEDULER = "vLLM 0.33 vllm/config/scheduler.py verify_max_model_len"
_PARALLEL = "vLLM 0.33 vllm/config/parallel.py, vllm/config/model.py verify_with_parallel_config"


def _with_options(stack: Resolution) -> Iterator[tuple[ReleaseView, VllmVersion, Mapping[str, Any]]]:
    """Releases that are given options, with the values of these by name."""
    for release in stack.releases:
        if release.vllm is not None and release.options.known:
            yield release, release.vllm, release.options.values


@rule(
    "ENGINE-BATCH", "error", prevents="a server that stops because a step can't hold what is asked", source=_SCHEDULER
)
def batch_holds(stack: Resolution) -> Iterator[Problem]:
    """A step takes at least one token of each request, and a whole prompt where prompts aren't split."""
    for release, _, values in _with_options(stack):
        sizes, context = release.batch, release.settings.context
        if sizes is None:
            continue
        if sizes.tokens < sizes.requests:
            yield (
                release.options.path_of("max-num-seqs"),
                f"{sizes.requests} requests a step, but max-num-batched-tokens is {sizes.tokens}",
                f"write max-num-seqs: {sizes.tokens} or less, or max-num-batched-tokens: {sizes.requests} or more",
            )
        if sizes.tokens < context and not chunks_prefill(release.architecture, values):
            yield (
                release.options.path_of("max-num-batched-tokens"),
                f"{sizes.tokens} tokens a step, but prompts aren't split and {release.path}.context is {context}",
                f"write {context} or more, or leave `max-num-batched-tokens` out",
            )
        active = whole_number(values.get("max-num-active-seqs"))
        if active is not None and active > sizes.requests:
            yield (
                release.options.path_of("max-num-active-seqs"),
                f"{active}, more than max-num-seqs: {sizes.requests}",
                f"write {sizes.requests} or less",
            )
        threshold = whole_number(values.get("long-prefill-token-threshold"))
        if threshold is not None and threshold > context:
            yield (
                release.options.path_of("long-prefill-token-threshold"),
                f"{threshold}, more than {release.path}.context: {context}",
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
    for release, vllm, values in _with_options(stack):
        if values.get("enable-lora") is not True:
            for option in vllm.lora_options:
                if values.get(option) not in (None, False):
                    yield (
                        release.options.path_of(option),
                        f"`{option}` without `enable-lora`",
                        "add enable-lora: true, or leave it out",
                    )
            continue
        in_memory, at_once = whole_number(values.get("max-cpu-loras")), whole_number(values.get("max-loras")) or 1
        if in_memory is not None and in_memory < at_once:
            yield (
                release.options.path_of("max-cpu-loras"),
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
    for release, _, values in _with_options(stack):
        spread, balanced = values.get("enable-expert-parallel") is True, values.get("enable-eplb") is True
        if spread and mixture(release.architecture) is False:
            yield (
                release.options.path_of("enable-expert-parallel"),
                f"`{release.settings.source.model_id}` is no mixture of experts",
                "leave it out",
            )
        if balanced and not spread:
            yield (
                release.options.path_of("enable-eplb"),
                "`enable-eplb` needs `enable-expert-parallel`",
                "add enable-expert-parallel: true, or leave it out",
            )
        elif balanced and release.settings.engine.tensor_parallel == 1:
            yield (
                release.options.path_of("enable-eplb"),
                f"there is nothing to balance on one GPU ({release.path}.engine.tensor_parallel: 1)",
                "leave it out, or raise tensor_parallel",
            )
        redundant = whole_number((mapping(values.get("eplb-config")) or {}).get("num_redundant_experts"))
        if redundant and not balanced:
            yield (
                release.options.path_of("eplb-config"),
                f"num_redundant_experts: {redundant} without `enable-eplb`",
                "add enable-eplb: true, or leave it out",
            )


@rule(
    "ENGINE-DCP", "error", prevents="a server that stops because its KV cache can't be shared out so", source=_PARALLEL
)
def context_parallel_legal(stack: Resolution) -> Iterator[Problem]:
    """Decode context parallelism shares out key-value heads that tensor parallelism has copied."""
    for release, _, values in _with_options(stack):
        wanted, ranks = (
            whole_number(values.get("decode-context-parallel-size")) or 1,
            release.settings.engine.tensor_parallel,
        )
        if wanted == 1 or release.architecture is None:
            continue
        legal = [size for size in range(2, ranks + 1) if _legal_context_parallel(release.architecture, ranks, size)]
        if wanted not in legal:
            compressed = release.architecture.attention_kind == "mla"
            copies = (
                ""
                if compressed
                else f" and {release.architecture.kv_heads} key-value heads ({release.architecture.heads} heads)"
            )
            yield (
                release.options.path_of("decode-context-parallel-size"),
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
    for release, vllm, values in _with_options(stack):
        for option, needed in vllm.required_options.items():
            if values.get(option) is not None and not values.get(needed):
                yield (
                    release.options.path_of(option),
                    f"`{option}` without `{needed}`",
                    f"add {needed}, or leave it out",
                )
        for same in vllm.key_options:
            if same.option in values and same.key in (mapping(values.get(same.mapping)) or {}):
                yield (
                    release.options.path_of(same.option),
                    f"`{same.option}` and `{same.key}` of `{same.mapping}` say the same",
                    "leave one of them out",
                )
        transfer = mapping(values.get("kv-transfer-config")) or {}
        if transfer.get("kv_connector") is not None and transfer.get("kv_role") is None:
            yield (
                f"{release.options.path_of('kv-transfer-config')}.kv_role",
                "`kv_connector` without `kv_role`",
                "add kv_role: kv_producer, kv_consumer or kv_both",
            )
