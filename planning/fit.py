"""Answers one question without a stack file: does this model fit on this GPU, and what would have to change."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from catalog import Catalog, Gpu, Model
from planning import hf_config, mig
from planning.checks.models import legal_tensor_parallel
from planning.checks.words import listed, nearest
from planning.devices import gpu_memory_gib
from planning.memory import KV_BYTES, Demand, has_dense_cache, ledger, longest_context
from planning.plan import MemoryPlan

_PARALLEL_SIZES = (1, 2, 4, 8, 16)
_WAYS_LISTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; None stands for vLLM's default. Sizes in GiB, `utilization` a share of the device.

    `config` is the content of a `config.json`, for a model outside the catalog; `model` then only names it.
    """

    model: str
    gpu: str
    config: Mapping[str, Any] | None = None
    mig: str | None = None
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    context: int | None = None
    kv_cache_dtype: str = "auto"
    utilization: float | None = None
    weights_gib: float | None = None
    kv_cache_gib: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why there is no answer: the option, what is wrong with it, and what to write instead."""

    option: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The ledger of one GPU, the worst rank, with what it was computed from.

    `weights_known` is False where the KV cache was given and nobody knows the weights.
    """

    question: Question
    model: Model
    gpu: Gpu
    demand: Demand
    version: str
    memory: MemoryPlan
    weights_known: bool
    ways_out: tuple[str, ...]

    @property
    def where(self) -> str:
        """The device in words."""
        one = self.gpu.name if self.question.mig is None else f"{self.question.mig} of {self.gpu.name}"
        gpus = self.demand.tensor_parallel * self.demand.pipeline_parallel
        return one if gpus == 1 else f"{gpus} × {one}"

    def as_json(self) -> dict[str, Any]:
        """The figures under the keys of the Plan's `memory`; null where nobody knows."""
        figures = asdict(self.memory)
        return figures if self.weights_known else {**figures, "weights_gib": None, "overhead_gib": None}


def answer(question: Question, catalog: Catalog) -> Answer | tuple[Refusal, ...]:
    """Compute the ledger as vLLM's newest release on file would, or tell everything that keeps it from being computed.

    With `kv_cache_gib` the KV cache is given, as a line of vLLM's log tells it: weights and device aren't checked, and
    `fits` is about one request of the whole context. Never raises on bad questions.
    """
    model, gpu = _model(question, catalog), catalog.gpus.get(question.gpu)
    refusals = [*([] if isinstance(model, Model) else model), *_wrong_device(question, catalog)]
    refusals += _wrong_figures(question)
    if isinstance(model, Model):
        refusals += _wrong_for(question, model)
    if refusals or not isinstance(model, Model) or gpu is None:
        return tuple(refusals)
    release = catalog.vllm(catalog.vllm_versions[-1])
    context = question.context or model.max_context_tokens
    known = question.weights_gib is not None or model.weights_gib is not None
    demand = Demand(
        tensor_parallel=question.tensor_parallel,
        pipeline_parallel=question.pipeline_parallel,
        context_tokens=context,
        request_tokens=context,
        concurrency=1,
        kv_cache_dtype=question.kv_cache_dtype,
        utilization=question.utilization if question.utilization is not None else release.gpu_memory_utilization,
        block_tokens=release.block_size_tokens,
        weights_gib=question.weights_gib if known else 0.0,
        available_kv_gib=question.kv_cache_gib,
    )
    memory = ledger(model, _device_gib(question, gpu, catalog), demand, catalog.overheads)
    ways = () if memory.fits else tuple(_ways_out(question, model, demand, memory, catalog))
    return Answer(question, model, gpu, demand, release.version, memory, known, ways)


def _model(question: Question, catalog: Catalog) -> Model | list[Refusal]:
    if question.config is not None:
        try:
            return hf_config.read(question.config, question.model)
        except hf_config.UnreadableError as error:
            return [Refusal("--hf-config", str(error), error.fix)]
    model = catalog.models.get(question.model)
    if model is None:
        near = nearest(question.model, catalog.models)
        fix = f"{near}{'' if near.endswith('?') else ';'} otherwise give its config.json with --hf-config"
        return [Refusal("--model", f"model `{question.model}` is not on file", fix)]
    if not has_dense_cache(model):
        able = listed(name for name, one in catalog.models.items() if has_dense_cache(one))
        message = f"the ledger can't compute `{model.id}` yet; its attention is {model.attention}"
        return [Refusal("--model", message, f"choose one of {able}")]
    return model


def _wrong_device(question: Question, catalog: Catalog) -> Iterator[Refusal]:
    if question.gpu not in catalog.gpus:
        yield Refusal("--gpu", f"GPU `{question.gpu}` is not on file", nearest(question.gpu, catalog.gpus))
    elif question.mig is not None:
        geometry = catalog.mig.get(question.gpu)
        if geometry is None:
            yield Refusal(
                "--mig", f"{question.gpu} has no MIG", f"leave it out, or choose one of {listed(catalog.mig)}"
            )
        elif question.mig not in geometry.profiles:
            message = f"`{question.mig}` is not a profile of {question.gpu}; profiles: {listed(geometry.profiles)}"
            yield Refusal("--mig", message, nearest(question.mig, geometry.profiles))
    if question.mig is not None and question.tensor_parallel * question.pipeline_parallel > 1:
        message = "MIG slices can't be joined: there is no connection between them"
        yield Refusal("--mig", message, "leave out --mig, or --tensor-parallel and --pipeline-parallel")


def _wrong_figures(question: Question) -> Iterator[Refusal]:
    if question.kv_cache_dtype not in KV_BYTES:
        message = f"`{question.kv_cache_dtype}` is not a number format that the ledger knows"
        yield Refusal("--kv-cache-dtype", message, f"write one of {listed(KV_BYTES)}")
    if question.utilization is not None and not 0 < question.utilization <= 1:
        yield Refusal("--gpu-memory-utilization", f"{question.utilization} is no share", "write a number from 0 to 1")


def _wrong_for(question: Question, model: Model) -> Iterator[Refusal]:
    size = question.tensor_parallel
    if not legal_tensor_parallel(model.heads, model.kv_heads, size):
        legal = [one for one in _PARALLEL_SIZES if legal_tensor_parallel(model.heads, model.kv_heads, one)]
        message = f"{size} doesn't divide {model.heads} heads and {model.kv_heads} key-value heads"
        yield Refusal("--tensor-parallel", message, f"write one of {listed(legal)}")
    if question.pipeline_parallel > model.layers:
        message = f"{question.pipeline_parallel} stages, but the model has {model.layers} layers"
        yield Refusal("--pipeline-parallel", message, f"write {model.layers} or less")
    if question.context is None and not model.max_context_tokens:
        yield Refusal("--context", "the configuration doesn't tell the longest context", "add --context TOKENS")
    elif question.kv_cache_gib is None and question.context and question.context > model.max_context_tokens > 0:
        most = model.max_context_tokens
        yield Refusal("--context", f"{question.context} tokens; `{model.id}` takes {most}", f"write {most} or less")
    if question.kv_cache_gib is None and question.weights_gib is None and model.weights_gib is None:
        why = "it is not on file" if question.config is None else hf_config.unknown_weights(question.config)
        message = f"the size of the weights can't be told: {why}"
        yield Refusal("--weights-gib", message, "add --weights-gib, the size of the safetensors files together")


def _device_gib(question: Question, gpu: Gpu, catalog: Catalog) -> float:
    if question.mig is None:
        return gpu_memory_gib(gpu)
    geometry = catalog.mig[gpu.name]
    return mig.usable_gib(geometry, geometry.profiles[question.mig])


def _ways_out(question: Question, model: Model, demand: Demand, memory: MemoryPlan, catalog: Catalog) -> Iterator[str]:
    """What would make it fit, each by itself; every way is computed, none is guessed."""

    def fits(**changes: Any) -> bool:
        device = changes.pop("device_gib", memory.device_gib)
        return ledger(model, device, replace(demand, **changes), catalog.overheads).fits

    longest = longest_context(memory, demand.context_tokens, demand.block_tokens)
    if longest:
        yield f"--context {longest} or less"
    if KV_BYTES[demand.kv_cache_dtype] > 1 and fits(kv_cache_dtype="fp8"):
        yield "--kv-cache-dtype fp8"
    if question.kv_cache_gib is not None:
        return
    larger = [
        size
        for size in _PARALLEL_SIZES
        if size > demand.tensor_parallel and legal_tensor_parallel(model.heads, model.kv_heads, size)
    ]
    if question.mig is None:
        enough = next((size for size in larger if fits(tensor_parallel=size)), None)
        if enough is not None:
            yield f"--tensor-parallel {enough}"
    option, devices = _devices(question, catalog)
    roomy = [name for gib, name in sorted(devices) if gib > memory.device_gib and fits(device_gib=gib)]
    if roomy:
        yield f"{option} {' or '.join(roomy[:_WAYS_LISTED])}"
    elif question.weights_gib is None:
        yield "a model with fewer or quantized weights"


def _devices(question: Question, catalog: Catalog) -> tuple[str, list[tuple[float, str]]]:
    """Other devices of the same kind, each with its memory: slices of that GPU, or whole GPUs."""
    if question.mig is None:
        return "--gpu", [(gpu_memory_gib(gpu), name) for name, gpu in catalog.gpus.items()]
    geometry = catalog.mig[question.gpu]
    plain = [profile for profile in geometry.profiles.values() if "+" not in profile.name and "-" not in profile.name]
    return "--mig", [(mig.usable_gib(geometry, profile), profile.name) for profile in plain]


def readable(found: Answer) -> str:
    """The ledger for a person."""
    memory, demand = found.memory, found.demand
    given = demand.available_kv_gib is not None
    rows = [("KV cache", f"{memory.kv_cache_gib:.2f} GiB", f"{memory.kv_bytes_per_token:,} bytes a token")]
    if not given:
        rows = [
            ("device", f"{memory.device_gib:.2f} GiB", "what a process sees"),
            ("budget", f"{memory.budget_gib:.2f} GiB", f"{demand.utilization:g} of the device"),
            ("weights", f"{memory.weights_gib:.2f} GiB", "as vLLM loads them, on one GPU"),
            ("overhead", f"{memory.overhead_gib:.2f} GiB", "activations and CUDA graphs, an estimate"),
            *rows,
        ]
    rows += [
        ("tokens", f"{memory.kv_tokens:,}", f"in blocks of {demand.block_tokens}"),
        ("at once", f"{memory.max_concurrency:.2f}", f"requests of {demand.context_tokens:,} tokens"),
    ]
    lines = [f"{found.model.id} on {found.where}, vLLM {found.version}, figures of one GPU"]
    lines += [f"  {name:<9}{figure:>14}   {note}" for name, figure, note in rows]
    if memory.fits:
        lines.append(f"fits: a request of {demand.context_tokens:,} tokens")
    else:
        missing = "not even the weights fit" if memory.kv_cache_gib <= 0 else "one request is larger than the KV cache"
        lines.append(f"does not fit: {missing}; what would help:")
        lines += [f"  {way}" for way in found.ways_out]
    return "\n".join(lines)
