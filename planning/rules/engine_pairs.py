"""Rules about combinations of vLLM's options: sizes that limit each other, and options that need others."""

from collections.abc import Mapping
from typing import Any

from catalog import ModelArchitecture
from config.wording import listed
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES, ENGINE, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, release_rule
from planning.vllm.batch import chunks_prefill
from planning.vllm.options import mapping, whole_number

_SCHEDULER = "vLLM 0.33 vllm/config/scheduler.py verify_max_model_len"
_PARALLEL = "vLLM 0.33 vllm/config/parallel.py, vllm/config/model.py verify_with_parallel_config"


def _values(release: ReleaseView) -> Mapping[str, Any]:
    """Values of the options that the stack file gives a release; none where the catalog lacks its vLLM version."""
    return release.options.values if release.vllm is not None else {}


@placement_rule(
    "ENGINE-BATCH",
    "error",
    prevents="vLLM exits at start: `max_num_batched_tokens (…) must be greater than or equal to max_num_seqs`, or is "
    "smaller than max_model_len.",
    source=_SCHEDULER,
    model=(*SOURCE, "pool", "slice", "context", *ENGINE),
    pool=("name", *DEVICES),
)
def batch_holds(_: Resolution, place: ReleaseOnPool) -> Violations:
    """`max-num-batched-tokens` is at least `max-num-seqs`, and at least `context` without chunked prefill."""
    release, values = place.release, _values(place.release)
    sizes, context = release.batch, release.settings.context
    if sizes is not None and values and place.tightest:
        if sizes.tokens < sizes.requests:
            yield Violation(
                release.options.path_of("max-num-seqs"),
                f"{sizes.requests} requests a step, but max-num-batched-tokens is {sizes.tokens}",
                f"write max-num-seqs: {sizes.tokens} or less, or max-num-batched-tokens: {sizes.requests} or more",
            )
        if sizes.tokens < context and not chunks_prefill(release.architecture, values):
            yield Violation(
                release.options.path_of("max-num-batched-tokens"),
                f"{sizes.tokens} tokens a step, but {release.path}.context is {context} and chunked prefill is off",
                f"write {context} or more, or leave `max-num-batched-tokens` out",
            )
        active = whole_number(values.get("max-num-active-seqs"))
        if active is not None and active > sizes.requests:
            yield Violation(
                release.options.path_of("max-num-active-seqs"),
                f"{active}, more than max-num-seqs: {sizes.requests}",
                f"write {sizes.requests} or less",
            )
        threshold = whole_number(values.get("long-prefill-token-threshold"))
        if threshold is not None and threshold > context:
            yield Violation(
                release.options.path_of("long-prefill-token-threshold"),
                f"{threshold}, more than {release.path}.context: {context}",
                f"write {context} or less",
            )


@release_rule(
    "ENGINE-LORA",
    "error",
    prevents="vLLM exits at start, or answers 404 for every adapter: LoRA isn't enabled.",
    source="vLLM 0.33 vllm/config/lora.py, which accepts lora-modules alone",
    model=("engine.version", "engine.args"),
)
def lora_options_complete(_: Resolution, release: ReleaseView) -> Violations:
    """LoRA options have `enable-lora`, and `max-cpu-loras` is at least `max-loras`."""
    values = _values(release)
    if values:
        if values.get("enable-lora") is not True:
            for option in release.vllm.lora_options if release.vllm else ():
                if values.get(option) not in (None, False):
                    yield Violation(
                        release.options.path_of(option),
                        f"`{option}` without `enable-lora`",
                        "add enable-lora: true, or leave it out",
                    )
            return
        cpu_loras, max_loras = whole_number(values.get("max-cpu-loras")), whole_number(values.get("max-loras")) or 1
        if cpu_loras is not None and cpu_loras < max_loras:
            yield Violation(
                release.options.path_of("max-cpu-loras"),
                f"{cpu_loras}, fewer than max-loras: {max_loras}",
                f"write {max_loras} or more",
            )


def is_mixture_of_experts(model: ModelArchitecture | None) -> bool | None:
    """Whether a model is a mixture of experts; None where the catalog doesn't state it."""
    if model is None or (model.experts is None and model.active_b is None):
        return None
    return model.experts is not None or (model.active_b is not None and model.active_b < model.params_b)


@release_rule(
    "ENGINE-EXPERTS",
    "error",
    prevents="vLLM exits at start: `Number of experts in the model must be greater than 0 when expert parallelism is "
    "enabled`.",
    source=_PARALLEL,
    model=(*SOURCE, *ENGINE),
)
def experts_exist(_: Resolution, release: ReleaseView) -> Violations:
    """Expert parallelism needs a mixture of experts, and load balancing needs expert parallelism on several GPUs."""
    values = _values(release)
    if values:
        expert_parallel, balanced = values.get("enable-expert-parallel") is True, values.get("enable-eplb") is True
        if expert_parallel and is_mixture_of_experts(release.architecture) is False:
            yield Violation(
                release.options.path_of("enable-expert-parallel"),
                f"`{release.settings.source.model_id}` is not a mixture of experts",
                "leave it out",
            )
        if balanced and not expert_parallel:
            yield Violation(
                release.options.path_of("enable-eplb"),
                "`enable-eplb` needs `enable-expert-parallel`",
                "add enable-expert-parallel: true, or leave it out",
            )
        elif balanced and release.settings.engine.tensor_parallel == 1:
            yield Violation(
                release.options.path_of("enable-eplb"),
                f"there is nothing to balance on one GPU ({release.path}.engine.tensor_parallel: 1)",
                "leave it out, or raise tensor_parallel",
            )
        redundant = whole_number((mapping(values.get("eplb-config")) or {}).get("num_redundant_experts"))
        if redundant and not balanced:
            yield Violation(
                release.options.path_of("eplb-config"),
                f"num_redundant_experts: {redundant} without `enable-eplb`",
                "add enable-eplb: true, or leave it out",
            )


@release_rule(
    "ENGINE-DCP",
    "error",
    prevents="vLLM exits at start: the KV cache cannot be sharded that way.",
    source=_PARALLEL,
    model=(*SOURCE, *ENGINE),
)
def context_parallel_legal(_: Resolution, release: ReleaseView) -> Violations:
    """`decode-context-parallel-size` divides the copies of key-value heads that tensor parallelism makes."""
    values = _values(release)
    if values:
        wanted, ranks = (
            whole_number(values.get("decode-context-parallel-size")) or 1,
            release.settings.engine.tensor_parallel,
        )
        if wanted == 1 or release.architecture is None:
            return
        legal = [size for size in range(2, ranks + 1) if _legal_context_parallel(release.architecture, ranks, size)]
        if wanted not in legal:
            compressed = release.architecture.attention_kind == "mla"
            copies = (
                ""
                if compressed
                else f" and {release.architecture.kv_heads} key-value heads ({release.architecture.heads} heads)"
            )
            yield Violation(
                release.options.path_of("decode-context-parallel-size"),
                f"{wanted} is not possible with tensor_parallel {ranks}{copies}",
                f"write one of {listed(legal)}" if legal else "leave it out: there are no copies to shard",
            )


def _legal_context_parallel(release: ModelArchitecture, ranks: int, size: int) -> bool:
    if ranks % size:
        return False
    if release.attention_kind == "mla":
        return True
    return (
        ranks > release.kv_heads
        and size <= ranks // release.kv_heads
        and (release.heads // release.kv_heads) % size == 0
    )


@release_rule(
    "ENGINE-TOGETHER",
    "error",
    prevents="vLLM exits at start, or ignores an option: two options contradict each other, or one needs another.",
    source="vLLM 0.33 vllm/engine/arg_utils.py, vllm/config/parallel.py, vllm/config/kv_transfer.py",
    model=("engine.version", "engine.args"),
)
def options_agree(_: Resolution, release: ReleaseView) -> Violations:
    """Options that need another option have it, and no setting is given twice, as an option and as a key."""
    values = _values(release)
    if values:
        for option, needed in (release.vllm.required_options if release.vllm else {}).items():
            if values.get(option) is not None and not values.get(needed):
                yield Violation(
                    release.options.path_of(option), f"`{option}` without `{needed}`", f"add {needed}, or leave it out"
                )
        for same in release.vllm.key_options if release.vllm else ():
            if same.option in values and same.key in (mapping(values.get(same.mapping)) or {}):
                yield Violation(
                    release.options.path_of(same.option),
                    f"`{same.option}` and `{same.key}` of `{same.mapping}` are the same setting",
                    "leave one of them out",
                )
        transfer = mapping(values.get("kv-transfer-config")) or {}
        if transfer.get("kv_connector") is not None and transfer.get("kv_role") is None:
            yield Violation(
                f"{release.options.path_of('kv-transfer-config')}.kv_role",
                "`kv_connector` without `kv_role`",
                "add kv_role: kv_producer, kv_consumer or kv_both",
            )
