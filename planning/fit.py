"""Answers one question without a stack file: does this model fit on this GPU, and what would have to change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from catalog import Catalog, Gpu, ModelArchitecture, VllmVersion
from planning import model_config
from planning.gpus.capacity import gpu_memory_gib, usable_gib
from planning.gpus.devices import WHOLE_GPU, Device
from planning.memory import (
    GIB,
    AdapterSlots,
    Demand,
    Ledger,
    arithmetic,
    attention_layers,
    computable,
    keeps_no_cache,
    legal_tensor_parallel,
    tensor_parallel_sizes,
    verified_versions,
)
from planning.memory.remedies import Remedies, suggest_fixes
from planning.plan.models import MemoryPlan, contents
from planning.vllm.adapters import MAX_LORA_RANK, MAX_LORAS
from planning.vllm.batch import batch
from planning.vllm.drafts import UNKNOWN_DRAFT, drafting


def listed(names: Iterable[object]) -> str:
    """Names as a sentence lists them."""
    from config import wording  # noqa: PLC0415 - an answer without refusals needs none of the package's pydantic

    return wording.listed(names)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names closest to a wrong one, as advice."""
    from config import wording  # noqa: PLC0415 - as above

    return wording.nearest(name, known)


class Question(Struct, frozen=True, kw_only=True):
    """The model, the GPU and vLLM's options; None stands for vLLM's default.

    Sizes in GiB, `utilization` a fraction of the device's memory, `context` and `batched_tokens` in tokens.

    `config` is the content of a `config.json`, for a model outside the catalog; `model` then only names it.
    `layer_partition` is what vLLM's variable VLLM_PP_LAYER_PARTITION says, empty without it. `max_loras` adapters of
    `max_lora_rank` have their slots on the GPU; None stands for a server without adapters.
    `speculative` is the value of vLLM's `--speculative-config`; `images` is False with `--language-model-only`.
    """

    model: str
    gpu: str
    config: Mapping[str, Any] | None = None
    mig: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    layer_partition: tuple[int, ...] = ()
    context: int | None = None
    kv_cache_dtype: str = "auto"
    utilization: float | None = None
    batched_tokens: int | None = None
    sequences: int | None = None
    prefix_caching: bool = True
    weights_gib: float | None = None
    kv_cache_gib: float | None = None
    expert_parallel: bool = False
    eager: bool = False
    images: bool = True
    speculative: Mapping[str, Any] | None = None
    kv_cache_memory_bytes: int | None = None
    max_loras: int | None = None
    max_lora_rank: int | None = None


class Refusal(Struct, frozen=True):
    """One reason why there is no answer: a field of the question, what is wrong with it, and what to give instead.

    The field is `version` where the vLLM version is what is wrong.
    """

    field: str
    message: str
    fix: str


class Answer(Struct, frozen=True):
    """The ledger of one GPU, the worst rank, with what it was computed from.

    `weights_known` is False where the KV cache was given and the size of the weights is unknown; `remedies` is what
    would make the model fit, None where it does.
    """

    question: Question
    model: ModelArchitecture
    gpu: Gpu
    ledger: Ledger
    version: str
    weights_known: bool
    remedies: Remedies | None

    @property
    def demand(self) -> Demand:
        """What the ledger was computed for, with every default filled in."""
        return self.ledger.demand

    @property
    def memory(self) -> MemoryPlan:
        """The figures."""
        return self.ledger.memory

    def as_json(self) -> dict[str, Any]:
        """The figures under the keys of the Plan's `memory`; None where unknown."""
        figures = contents(self.memory)
        return figures if self.weights_known else {**figures, "weights_gib": None, "overhead_gib": None}


def answer(question: Question, catalog: Catalog) -> Answer | tuple[Refusal, ...]:
    """Compute the ledger as the newest vLLM version with a verified ledger would, or list everything that prevents it.

    With `kv_cache_gib` the KV cache is given, as vLLM logs it: weights and device aren't checked, and `fits` is about
    one request of the whole context. Never raises on bad questions.
    """
    verified = verified_versions(catalog)
    vllm = catalog.vllm(verified[-1]) if verified else None
    compute = arithmetic(vllm) if vllm is not None else None
    if vllm is None or compute is None:
        return (_unverified(catalog),)
    model, gpu = _model(question, catalog, vllm), catalog.gpus.get(question.gpu)
    refusals = [*([] if isinstance(model, ModelArchitecture) else model), *_wrong_device(question, catalog)]
    refusals += _wrong_figures(question, vllm)
    if isinstance(model, ModelArchitecture):
        refusals += [*_wrong_for(question, model, vllm), *_wrong_options(question, model, vllm)]
    if refusals or not isinstance(model, ModelArchitecture) or gpu is None:
        return tuple(refusals)
    device_gib = _device_gib(question, gpu, catalog)
    ledger = compute(model, device_gib, _demand(question, model, vllm, gpu, device_gib), catalog.overheads)
    known = question.weights_gib is not None or model.weights_gib is not None
    remedies = None
    if not ledger.memory.fits:
        remedies = suggest_fixes(
            model, ledger, catalog, gpu, lambda candidate, gib: _demand(question, model, vllm, candidate, gib),
            vllm=vllm, compute=compute, profile=question.mig,
        )  # fmt: skip
    return Answer(question, model, gpu, ledger, vllm.version, known, remedies)


def _unverified(catalog: Catalog) -> Refusal:
    message = f"the memory arithmetic for vLLM {listed(catalog.vllm_versions)} has not been compared with vLLM's"
    return Refusal("version", message, "compare it as docs/adding-a-vllm-version.md says")


def _demand(question: Question, model: ModelArchitecture, vllm: VllmVersion, gpu: Gpu, device_gib: float) -> Demand:
    context = question.context or model.max_context_tokens
    given = {"max-num-batched-tokens": question.batched_tokens, "max-num-seqs": question.sequences}
    sizes = batch(vllm, Device("whole", WHOLE_GPU, device_gib, 1, gpu), model, context, given)
    # A given KV cache needs no weights, so unknown ones don't matter.
    unknown = question.weights_gib is None and model.weights_gib is None
    return Demand(
        tensor_parallel=question.tensor_parallel,
        pipeline_parallel=question.pipeline_parallel,
        layer_partition=question.layer_partition,
        context_tokens=context,
        request_tokens=context,
        concurrency=1,
        kv_cache_dtype=question.kv_cache_dtype,
        kv_formats=tuple(vllm.kv_cache_bytes.items()),
        utilization=question.utilization if question.utilization is not None else vllm.gpu_memory_utilization,
        block_tokens=vllm.block_size_tokens,
        batched_tokens=sizes.tokens,
        sequences=sizes.requests,
        prefix_caching=question.prefix_caching,
        pooling=model.task == "embed",
        capability=gpu.compute_capability,
        nvlink=gpu.nvlink,
        weights_gib=0.0 if unknown else question.weights_gib,
        available_kv_gib=question.kv_cache_gib,
        expert_parallel=question.expert_parallel,
        eager=question.eager,
        images=question.images,
        draft=drafting(question.speculative, model, vllm.speculation),
        adapters=_adapters(question),
        kv_cache_memory_gib=None if question.kv_cache_memory_bytes is None else question.kv_cache_memory_bytes / GIB,
    )


def _adapters(question: Question) -> AdapterSlots | None:
    if question.max_loras is None and question.max_lora_rank is None:
        return None
    return AdapterSlots(count=question.max_loras or MAX_LORAS, rank=question.max_lora_rank or MAX_LORA_RANK)


def _model(question: Question, catalog: Catalog, vllm: VllmVersion) -> ModelArchitecture | list[Refusal]:
    if question.config is not None:
        try:
            return model_config.read(question.config, question.model, vllm)
        except model_config.UnreadableError as error:
            return [Refusal("config", str(error), error.fix)]
    model = catalog.models.get(question.model)
    if model is None:
        near = nearest(question.model, catalog.models)
        fix = f"{near}{'' if near.endswith('?') else ';'} otherwise give its config.json"
        return [Refusal("model", f"model `{question.model}` is not in the catalog", fix)]
    if not computable(model):
        able = listed(name for name, known in catalog.models.items() if computable(known))
        message = (
            f"the ledger can't compute `{model.id}`: what its layers cache is not in the catalog ({model.attention})"
        )
        return [Refusal("model", message, f"choose one of {able}")]
    return model


def _wrong_device(question: Question, catalog: Catalog) -> Iterator[Refusal]:
    if question.gpu not in catalog.gpus:
        yield Refusal("gpu", f"GPU `{question.gpu}` is not in the catalog", nearest(question.gpu, catalog.gpus))
    elif question.mig is not None:
        geometry = catalog.mig.get(question.gpu)
        if geometry is None:
            yield Refusal("mig", f"{question.gpu} has no MIG", f"leave it out, or choose one of {listed(catalog.mig)}")
        elif question.mig not in geometry.profiles:
            message = f"`{question.mig}` is not a profile of {question.gpu}; profiles: {listed(geometry.profiles)}"
            yield Refusal("mig", message, nearest(question.mig, geometry.profiles))
    if question.mig is not None and question.tensor_parallel * question.pipeline_parallel > 1:
        message = "MIG slices can't be combined: there is no peer-to-peer connection between them"
        yield Refusal("mig", message, "leave out the MIG profile, or tensor and pipeline parallelism")


def _wrong_figures(question: Question, vllm: VllmVersion) -> Iterator[Refusal]:
    if question.kv_cache_dtype not in vllm.kv_cache_bytes:
        message = f"`{question.kv_cache_dtype}` is not a number format that the ledger knows"
        yield Refusal("kv_cache_dtype", message, f"write one of {listed(vllm.kv_cache_bytes)}")
    if question.utilization is not None and not 0 < question.utilization <= 1:
        yield Refusal("utilization", f"{question.utilization:g} is not between 0 and 1", "write 0.9, say")


def _wrong_for(question: Question, model: ModelArchitecture, vllm: VllmVersion) -> Iterator[Refusal]:
    size = question.tensor_parallel
    if not legal_tensor_parallel(model.heads, model.kv_heads, size):
        message = f"{size} doesn't divide {model.heads} heads and {model.kv_heads} key-value heads"
        yield Refusal("tensor_parallel", message, f"write one of {listed(tensor_parallel_sizes(model))}")
    if question.pipeline_parallel > model.layers:
        message = f"{question.pipeline_parallel} stages, but the model has {model.layers} layers"
        yield Refusal("pipeline_parallel", message, f"write {model.layers} or less")
    yield from _wrong_partition(question, model)
    if question.context is None and not model.max_context_tokens:
        yield Refusal("context", "the configuration doesn't say the longest context", "give it in tokens")
    elif question.kv_cache_gib is None and question.context and question.context > model.max_context_tokens > 0:
        most = model.max_context_tokens
        yield Refusal("context", f"{question.context} tokens; `{model.id}` takes {most}", f"write {most} or less")
    if question.kv_cache_gib is None and question.weights_gib is None and model.weights_gib is None:
        given = question.config
        why = "it is not in the catalog" if given is None else model_config.unknown_weights(given, vllm)
        message = f"the size of the weights is unknown: {why}"
        yield Refusal("weights_gib", message, "give it in GiB: the size of the safetensors files together")


def _wrong_partition(question: Question, model: ModelArchitecture) -> Iterator[Refusal]:
    """As vLLM refuses it: vLLM 0.33 vllm/distributed/utils.py get_pp_indices."""
    stages, layers = question.layer_partition, model.layers
    if not stages:
        return
    if len(stages) != question.pipeline_parallel:
        message = f"{len(stages)} stages, but --pipeline-parallel is {question.pipeline_parallel}"
        yield Refusal("layer_partition", message, f"write {question.pipeline_parallel} numbers")
    elif sum(stages) != layers:
        message = f"{sum(stages)} layers, but the model has {layers}"
        yield Refusal("layer_partition", message, f"write numbers whose sum is {layers}")
    elif sum(group.layers for group in attention_layers(model)) != layers and not keeps_no_cache(model):
        message = "which of the model's layers have a cache isn't known layer by layer"
        yield Refusal("layer_partition", message, "leave it out")


def _wrong_options(question: Question, model: ModelArchitecture, vllm: VllmVersion) -> Iterator[Refusal]:
    if question.expert_parallel and not model.experts:
        message = f"`{model.id}` has no experts, or their number isn't known"
        yield Refusal("expert_parallel", message, "leave it out")
    if drafting(question.speculative, model, vllm.speculation) is UNKNOWN_DRAFT:
        methods = (*vllm.speculation.without_layers, *vllm.speculation.one_layer)
        own = f", or {vllm.speculation.own_layers_suffix}" if model.draft_layers else ""
        message = f"how many layers this draft adds to `{model.id}` is not known"
        yield Refusal("speculative", message, f"write one of {listed(methods)}{own}, with a number of tokens")
    if question.kv_cache_memory_bytes is not None and question.kv_cache_gib is not None:
        message = "the KV cache is given twice, as an option of the server and as in its log"
        yield Refusal("kv_cache_memory_bytes", message, "leave out one of them")


def _device_gib(question: Question, gpu: Gpu, catalog: Catalog) -> float:
    if question.mig is None:
        return gpu_memory_gib(gpu)
    geometry = catalog.mig[gpu.name]
    return usable_gib(geometry, geometry.profiles[question.mig])
