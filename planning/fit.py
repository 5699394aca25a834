"""Answers one question without a stack file: does this model fit on this GPU, and what would have to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from catalog import Catalog, Gpu, Model, VllmVersion
from planning.gpus import mig
from planning.gpus.devices import WHOLE_GPU, Device, gpu_memory_gib
from planning.memory import (
    Demand,
    Ledger,
    arithmetic,
    computable,
    legal_tensor_parallel,
    tensor_parallel_sizes,
    verified_versions,
)
from planning.memory.remedies import Remedies, suggest_fixes
from planning.model_config import config as hf_config
from planning.plan import MemoryPlan
from planning.rules.words import listed, nearest
from planning.vllm.batch import batch


class Question(Struct, frozen=True, kw_only=True):
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
    batched_tokens: int | None = None
    sequences: int | None = None
    prefix_caching: bool = True
    weights_gib: float | None = None
    kv_cache_gib: float | None = None


class Refusal(Struct, frozen=True):
    """One reason why there is no answer: the option, what is wrong with it, and what to write instead."""

    option: str
    message: str
    fix: str


class Answer(Struct, frozen=True):
    """The ledger of one GPU, the worst rank, with what it was computed from.

    `weights_known` is False where the KV cache was given and nobody knows the weights.
    """

    question: Question
    model: Model
    gpu: Gpu
    ledger: Ledger
    version: str
    weights_known: bool
    ways_out: tuple[str, ...]

    @property
    def demand(self) -> Demand:
        """What was asked, with every default filled in."""
        return self.ledger.demand

    @property
    def memory(self) -> MemoryPlan:
        """The figures."""
        return self.ledger.memory

    @property
    def where(self) -> str:
        """The device in words."""
        one = self.gpu.name if self.question.mig is None else f"{self.question.mig} of {self.gpu.name}"
        return one if self.demand.gpus == 1 else f"{self.demand.gpus} × {one}"

    def as_json(self) -> dict[str, Any]:
        """The figures under the keys of the Plan's `memory`; null where nobody knows."""
        figures = asdict(self.memory)
        return figures if self.weights_known else {**figures, "weights_gib": None, "overhead_gib": None}


def answer(question: Question, catalog: Catalog) -> Answer | tuple[Refusal, ...]:
    """Compute the ledger as the newest vLLM version with a verified ledger would, or tell everything that prevents it.

    With `kv_cache_gib` the KV cache is given, as a line of vLLM's log tells it: weights and device aren't checked, and
    `fits` is about one request of the whole context. Never raises on bad questions.
    """
    verified = verified_versions(catalog)
    vllm = catalog.vllm(verified[-1]) if verified else None
    compute = arithmetic(vllm) if vllm is not None else None
    if vllm is None or compute is None:
        return (_unverified(catalog),)
    model, gpu = _model(question, catalog, vllm), catalog.gpus.get(question.gpu)
    refusals = [*([] if isinstance(model, Model) else model), *_wrong_device(question, catalog)]
    refusals += _wrong_figures(question, vllm)
    if isinstance(model, Model):
        refusals += _wrong_for(question, model, vllm)
    if refusals or not isinstance(model, Model) or gpu is None:
        return tuple(refusals)
    device_gib = _device_gib(question, gpu, catalog)
    ledger = compute(model, device_gib, _demand(question, model, vllm, gpu, device_gib), catalog.overheads)
    known = question.weights_gib is not None or model.weights_gib is not None
    ways: tuple[str, ...] = ()
    if not ledger.memory.fits:
        found = suggest_fixes(
            model, ledger, catalog, gpu, lambda other, gib: _demand(question, model, vllm, other, gib),
            vllm=vllm, compute=compute, profile=question.mig,
        )  # fmt: skip
        ways = tuple(_spelled(question, found))
    return Answer(question, model, gpu, ledger, vllm.version, known, ways)


def _unverified(catalog: Catalog) -> Refusal:
    message = f"nobody compared the memory arithmetic of vLLM {listed(catalog.vllm_versions)}"
    return Refusal("vLLM version", message, "compare it as docs/adding-a-vllm-version.md says")


def _demand(question: Question, model: Model, vllm: VllmVersion, gpu: Gpu, device_gib: float) -> Demand:
    context = question.context or model.max_context_tokens
    asked = {"max-num-batched-tokens": question.batched_tokens, "max-num-seqs": question.sequences}
    sizes = batch(vllm, Device("whole", WHOLE_GPU, device_gib, 1, gpu), model, context, asked)
    # A given KV cache needs no weights, so that it doesn't matter where nobody knows them.
    weights = question.weights_gib if question.weights_gib is not None else model.weights_gib
    return Demand(
        tensor_parallel=question.tensor_parallel,
        pipeline_parallel=question.pipeline_parallel,
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
        weights_gib=weights if weights is not None else 0.0,
        available_kv_gib=question.kv_cache_gib,
    )


def _model(question: Question, catalog: Catalog, vllm: VllmVersion) -> Model | list[Refusal]:
    if question.config is not None:
        try:
            return hf_config.read(question.config, question.model, vllm)
        except hf_config.UnreadableError as error:
            return [Refusal("--hf-config", str(error), error.fix)]
    model = catalog.models.get(question.model)
    if model is None:
        near = nearest(question.model, catalog.models)
        fix = f"{near}{'' if near.endswith('?') else ';'} otherwise give its config.json with --hf-config"
        return [Refusal("--model", f"model `{question.model}` is not on file", fix)]
    if not computable(model):
        able = listed(name for name, one in catalog.models.items() if computable(one))
        message = f"the ledger can't compute `{model.id}`: what its layers keep is not on file ({model.attention})"
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


def _wrong_figures(question: Question, vllm: VllmVersion) -> Iterator[Refusal]:
    if question.kv_cache_dtype not in vllm.kv_cache_bytes:
        message = f"`{question.kv_cache_dtype}` is not a number format that the ledger knows"
        yield Refusal("--kv-cache-dtype", message, f"write one of {listed(vllm.kv_cache_bytes)}")
    if question.utilization is not None and not 0 < question.utilization <= 1:
        yield Refusal("--gpu-memory-utilization", f"{question.utilization} is no share", "write a number from 0 to 1")


def _wrong_for(question: Question, model: Model, vllm: VllmVersion) -> Iterator[Refusal]:
    size = question.tensor_parallel
    if not legal_tensor_parallel(model.heads, model.kv_heads, size):
        message = f"{size} doesn't divide {model.heads} heads and {model.kv_heads} key-value heads"
        yield Refusal("--tensor-parallel", message, f"write one of {listed(tensor_parallel_sizes(model))}")
    if question.pipeline_parallel > model.layers:
        message = f"{question.pipeline_parallel} stages, but the model has {model.layers} layers"
        yield Refusal("--pipeline-parallel", message, f"write {model.layers} or less")
    if question.context is None and not model.max_context_tokens:
        yield Refusal("--context", "the configuration doesn't tell the longest context", "add --context TOKENS")
    elif question.kv_cache_gib is None and question.context and question.context > model.max_context_tokens > 0:
        most = model.max_context_tokens
        yield Refusal("--context", f"{question.context} tokens; `{model.id}` takes {most}", f"write {most} or less")
    if question.kv_cache_gib is None and question.weights_gib is None and model.weights_gib is None:
        why = "it is not on file" if question.config is None else hf_config.unknown_weights(question.config, vllm)
        message = f"the size of the weights can't be told: {why}"
        yield Refusal("--weights-gib", message, "add --weights-gib, the size of the safetensors files together")


def _device_gib(question: Question, gpu: Gpu, catalog: Catalog) -> float:
    if question.mig is None:
        return gpu_memory_gib(gpu)
    geometry = catalog.mig[gpu.name]
    return mig.usable_gib(geometry, geometry.profiles[question.mig])


def _spelled(question: Question, ways: Remedies) -> Iterator[str]:
    """Remedies out as options; more GPUs only where there is no MIG."""
    if ways.context:
        yield f"--context {ways.context} or less"
    if ways.sequences:
        yield f"--max-num-seqs {ways.sequences} or less"
    if ways.fp8:
        yield "--kv-cache-dtype fp8"
    if question.kv_cache_gib is not None:
        return
    if ways.tensor_parallel:
        yield f"--tensor-parallel {ways.tensor_parallel}"
    if ways.slices:
        yield f"--mig {' or '.join(ways.slices)}"
    elif ways.gpus:
        yield f"--gpu {' or '.join(ways.gpus)}{'' if question.mig is None else ', whole'}"
    elif question.weights_gib is None and not ways.sequences:
        yield "a model with fewer or quantized weights"


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
            ("overhead", f"{memory.overhead_gib:.2f} GiB", _beside(found.ledger)),
            *rows,
        ]
    rows += [
        ("tokens", f"{memory.kv_tokens:,}", _blocks(found.ledger)),
        ("at once", f"{memory.max_concurrency:.2f}", f"requests of {demand.context_tokens:,} tokens"),
    ]
    lines = [f"{found.model.id} on {found.where}, vLLM {found.version}, figures of one GPU"]
    lines += [f"  {name:<9}{figure:>14}   {note}" for name, figure, note in rows]
    if memory.fits:
        lines.append(f"fits: a request of {demand.context_tokens:,} tokens")
    else:
        if memory.kv_cache_gib <= 0:
            missing = "not even the weights fit"
        elif not found.ledger.context_fits:
            missing = "one request is larger than the KV cache"
        else:
            missing = f"{demand.sequences:,} sequences (--max-num-seqs) need a block each for their states"
        lines.append(f"does not fit: {missing}; what would help:")
        lines += [f"  {way}" for way in found.ways_out]
    return "\n".join(lines)


def _beside(ledger: Ledger) -> str:
    parts = ledger.overhead
    return (
        f"estimates: activations {parts.activation_gib:.2f}, CUDA {parts.context_gib:.2f}, its graphs "
        f"{parts.graphs_gib:.2f}"
    )


def _blocks(ledger: Ledger) -> str:
    tables = len(ledger.pool.tables)
    told = f"in {ledger.blocks:,} blocks of {ledger.pool.block_tokens}"
    if tables == 1:
        return told
    return f"{told}; one request takes {ledger.pool.blocks_of(ledger.demand.context_tokens):,} in {tables} tables"
