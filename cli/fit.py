"""`fit`: whether one model fits one GPU, without a stack file."""

import json as json_text
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.process import FINE, REJECTED

if TYPE_CHECKING:
    from planning.fit import Refusal

EPILOG = (
    "Exit codes: 0 fits, 2 does not, or an option is wrong, 1 internal error; with --kv-cache-gib 0 in either case."
)


def _size(gib: float | None) -> float | None:
    if gib is not None and not 0 <= gib < math.inf:
        raise typer.BadParameter(f"{gib:g} is not a valid size in GiB")
    return gib


def fit(  # noqa: PLR0917 - one parameter an option
    gpu: Annotated[str, typer.Option(metavar="NAME", help="A GPU of the catalog, such as H100-NVL-94.")],
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="A model of the catalog, such as Qwen/Qwen3-8B.")
    ] = None,
    hf_config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The config.json of a model outside the catalog.")
    ] = None,
    mig: Annotated[str | None, typer.Option(metavar="PROFILE", help="A MIG profile of that GPU: 3g.47gb.")] = None,
    tensor_parallel: Annotated[int, typer.Option(min=1, metavar="N", help="GPUs that share each layer.")] = 1,
    pipeline_parallel: Annotated[int, typer.Option(min=1, metavar="N", help="Stages of layers.")] = 1,
    context: Annotated[
        int | None, typer.Option(min=1, metavar="TOKENS", help="Longest request (the model's own maximum).")
    ] = None,
    kv_cache_dtype: Annotated[str, typer.Option(metavar="FORMAT", help="auto or fp8.")] = "auto",
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(metavar="F", help="Fraction of the device that vLLM may use (vLLM's default).")
    ] = None,
    max_num_batched_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N",
            help="Tokens of one batch: decides activations and what sliding windows hold (vLLM's default on that GPU).",
        ),
    ] = None,
    max_num_seqs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Concurrent sequences (vLLM's default).")
    ] = None,
    prefix_caching: Annotated[
        Literal["on", "off"],
        typer.Option(
            help="Decides how many states a request holds, in models with linear attention or state space layers."
        ),
    ] = "on",
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

    if (model is None) == (hf_config is None):
        raise typer.BadParameter("give either --model or --hf-config", param_hint="--model / --hf-config")
    config = _config(hf_config) if hf_config is not None else None
    if isinstance(config, str):
        return _refuse([Refusal("config", config, "give a config.json")], json)
    question = Question(
        model=model or str(hf_config),
        gpu=gpu,
        config=config,
        mig=mig,
        tensor_parallel=tensor_parallel,
        pipeline_parallel=pipeline_parallel,
        context=context,
        kv_cache_dtype=kv_cache_dtype,
        utilization=gpu_memory_utilization,
        batched_tokens=max_num_batched_tokens,
        sequences=max_num_seqs,
        prefix_caching=prefix_caching == "on",
        weights_gib=weights_gib,
        kv_cache_gib=kv_cache_gib,
    )
    found = answer(question, catalog.load())
    if not isinstance(found, Answer):
        return _refuse(found, json)
    print(json_text.dumps(found.as_json(), indent=2) if json else readable(found))
    return FINE if found.memory.fits or kv_cache_gib is not None else REJECTED


def _config(file: Path) -> dict[str, Any] | str:
    """The JSON object in a file, or why there is none."""
    try:
        config = json_text.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"can't be read: {error}"
    return config if isinstance(config, dict) else "does not hold a JSON object"


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
