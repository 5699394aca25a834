"""`fit`: whether one model fits one GPU, without a stack file, and how a server's log compares with that."""

import json as json_text
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.process import FINE, REJECTED
from planning.fit_limits import (
    MOST_ADAPTERS,
    MOST_DRAFTED,
    MOST_GIB,
    MOST_GPUS,
    MOST_RANK,
    MOST_REQUESTS,
    MOST_TOKENS,
)

if TYPE_CHECKING:
    from planning.fit import Refusal

EPILOG = (
    "Exit codes: 0 fits, 2 does not, or an option is wrong, 1 internal error; with --kv-cache-gib and --check-log 0 in "
    "either case."
)


def _size(gib: float | None) -> float | None:
    if gib is not None and not 0 <= gib <= MOST_GIB:
        raise typer.BadParameter(f"{gib:g} is not a valid size in GiB")
    return gib


def fit(  # noqa: PLR0917 - one parameter an option
    gpu: Annotated[
        str | None, typer.Option(metavar="NAME", help="A GPU of the catalog, such as H100-NVL-94.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="A model of the catalog, such as Qwen/Qwen3-8B.")
    ] = None,
    hf_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The config.json of a model outside the catalog.")
    ] = None,
    check_log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Set every figure of a vLLM start-up log beside ours. Model, GPU and options that aren't given here "
            "are those of the log.",
        ),
    ] = None,
    mig: Annotated[str | None, typer.Option(metavar="PROFILE", help="A MIG profile of that GPU: 3g.47gb.")] = None,
    tensor_parallel: Annotated[
        int | None, typer.Option(min=1, max=MOST_GPUS, metavar="N", help="GPUs that share each layer (1).")
    ] = None,
    pipeline_parallel: Annotated[
        int | None, typer.Option(min=1, max=MOST_GPUS, metavar="N", help="Stages of layers (1).")
    ] = None,
    enable_expert_parallel: Annotated[
        bool | None, typer.Option("--enable-expert-parallel", help="Whole experts on each GPU instead of slices.")
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_TOKENS, metavar="TOKENS", help="Longest request (the model's own maximum).")
    ] = None,
    kv_cache_dtype: Annotated[str | None, typer.Option(metavar="FORMAT", help="auto or fp8 (auto).")] = None,
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(metavar="F", help="Fraction of the device that vLLM may use (vLLM's default).")
    ] = None,
    kv_cache_memory_bytes: Annotated[
        str | None,
        typer.Option(metavar="N", help="KV cache of a fixed size, such as 12G, whatever the utilization."),
    ] = None,
    max_num_batched_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_TOKENS, metavar="N",
            help="Tokens of one batch: decides activations and what sliding windows hold (vLLM's default on that GPU).",
        ),
    ] = None,
    max_num_seqs: Annotated[
        int | None, typer.Option(min=1, max=MOST_REQUESTS, metavar="N", help="Concurrent sequences (vLLM's default).")
    ] = None,
    enforce_eager: Annotated[bool | None, typer.Option("--enforce-eager", help="Without CUDA graphs.")] = None,
    language_model_only: Annotated[
        bool, typer.Option("--language-model-only", help="Without the encoders of images.")
    ] = False,
    spec_method: Annotated[
        str | None, typer.Option(metavar="METHOD", help="Speculative decoding: mtp, eagle3, ngram …")
    ] = None,
    spec_tokens: Annotated[
        int | None, typer.Option(min=1, max=MOST_DRAFTED, metavar="N", help="Tokens that are drafted ahead (1).")
    ] = None,
    max_loras: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_ADAPTERS, metavar="N", help="Adapters (LoRA) on the GPU at once; none without (1)."
        ),
    ] = None,
    max_lora_rank: Annotated[
        int | None, typer.Option(min=1, max=MOST_RANK, metavar="N", help="Largest rank of an adapter (16).")
    ] = None,
    prefix_caching: Annotated[
        Literal["on", "off"] | None,
        typer.Option(
            help="Decides how many states a request holds, in models with linear attention or state space layers (on)."
        ),
    ] = None,
    weights_gib: Annotated[
        float | None, typer.Option(metavar="GIB", callback=_size, help="Size of the checkpoint, where it isn't known.")
    ] = None,
    kv_cache_gib: Annotated[
        float | None,
        typer.Option(
            metavar="GIB", callback=_size,
            help="Available KV cache memory as vLLM logs it: weights and device are then not checked.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> int:  # fmt: skip
    """Print vLLM's memory ledger for one model on one GPU, and what would help where it doesn't fit.

    Give either --model or --hf-config. Figures are of one GPU, the worst rank.
    """
    import catalog
    from cli.fit_text import readable
    from planning.fit import Answer, Question, Refusal, answer

    named = (model is not None) + (hf_config is not None)
    if named > 1 or (named == 0 and check_log is None):
        raise typer.BadParameter("give either --model or --hf-config", param_hint="--model / --hf-config")
    if gpu is None and check_log is None:
        raise typer.BadParameter("give the name of a GPU", param_hint="--gpu")
    if spec_tokens is not None and spec_method is None:
        raise typer.BadParameter("give --spec-method as well", param_hint="--spec-tokens")
    config = _config(hf_config) if hf_config is not None else None
    if isinstance(config, str):
        return _refuse([Refusal("config", config, "give a config.json")], json)
    pinned = _bytes(kv_cache_memory_bytes)
    speculative = {"method": spec_method, "num_speculative_tokens": spec_tokens or 1} if spec_method else None
    given: dict[str, Any] = {
        "gpu": gpu, "mig": mig, "config": config, "model": model or (str(hf_config) if hf_config else None),
        "tensor_parallel": tensor_parallel, "pipeline_parallel": pipeline_parallel, "context": context,
        "kv_cache_dtype": kv_cache_dtype, "utilization": gpu_memory_utilization,
        "batched_tokens": max_num_batched_tokens, "sequences": max_num_seqs, "weights_gib": weights_gib,
        "prefix_caching": None if prefix_caching is None else prefix_caching == "on", "kv_cache_gib": kv_cache_gib,
        "expert_parallel": enable_expert_parallel, "eager": enforce_eager, "speculative": speculative,
        "kv_cache_memory_bytes": pinned, "images": False if language_model_only else None,
        "max_loras": max_loras, "max_lora_rank": max_lora_rank,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    if check_log is not None:
        from cli.fit_log import report

        text = _text(check_log)
        if text is None:
            return _refuse([Refusal("check_log", "can't be read", "give a log of vLLM as a text file")], json)
        outcome = report(text, given, catalog.load(), json=json)
        return _refuse(outcome, json) if isinstance(outcome, list) else FINE
    found = answer(Question(**given), catalog.load())
    if not isinstance(found, Answer):
        return _refuse(found, json)
    print(json_text.dumps(found.as_json(), indent=2) if json else readable(found))
    for reason in found.memory.uncertain if json else ():
        print(f"uncertain: {reason}", file=sys.stderr)
    return FINE if found.memory.fits or kv_cache_gib is not None else REJECTED


def _bytes(text: str | None) -> int | None:
    """Bytes as vLLM reads them: 12G is 12 GiB, 12g 12 GB."""
    from planning.vllm.options import whole_number

    if text is None:
        return None
    found = whole_number(text)
    if found is None or found < 1:
        raise typer.BadParameter(f"{text} is not a number of bytes, such as 12G", param_hint="--kv-cache-memory-bytes")
    return found


def _text(file: Path) -> str | None:
    from reading.texts import LOG_BYTES, FileRefusedError, text_of

    try:
        return text_of(file, LOG_BYTES, opened=True, errors="replace")
    except FileRefusedError:
        return None


def _config(file: Path) -> dict[str, Any] | str:
    """The JSON object in a file, or why there is none."""
    from reading.texts import MODEL_FILE_BYTES, FileRefusedError, JsonRefusedError, json_of, text_of

    try:
        config = json_of(text_of(file, MODEL_FILE_BYTES, opened=True))
    except (FileRefusedError, JsonRefusedError) as error:
        return f"{file} can't be read: {error}"
    return config if isinstance(config, dict) else f"{file} does not hold a JSON object"


def _refuse(refusals: "Sequence[Refusal]", json: bool) -> int:
    from cli.fit_text import option

    problems = [
        {"option": option(refusal.field), "message": refusal.message, "fix": refusal.fix} for refusal in refusals
    ]
    for problem in problems:
        print(f"{problem['option']}: {problem['message']} → {problem['fix']}", file=sys.stderr)
    if json:
        print(json_text.dumps({"fits": None, "problems": problems}, indent=2, ensure_ascii=False))
    return REJECTED
