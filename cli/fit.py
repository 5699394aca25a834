"""`fit`: whether one model fits one GPU, without a stack file, and how a server's log compares with that."""

import json as json_text
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.options import verb
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

_EPILOG = (
    "Exit codes: 0 fits, 2 does not, or an option is wrong, 1 internal error; with --kv-cache-gib and --check-log 0 in "
    "either case."
)


_LONGEST_NUMBER = 6
_FILE = click.Path(path_type=Path)
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _size(context: click.Context, option: click.Parameter, gib: float | None) -> float | None:
    del context, option
    if gib is not None and not 0 <= gib <= MOST_GIB:
        raise click.BadParameter(f"{gib:g} is not a valid size in GiB")
    return gib


def _bytes(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Bytes as vLLM reads them: 12G is 12 GiB, 12g 12 GB."""
    from planning.vllm.options import whole_number

    del context, option
    found = None if text is None else whole_number(text)
    if text is not None and (found is None or found < 1):
        raise click.BadParameter(f"{text} is not a number of bytes, such as 12G")
    return found


def _partition(context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    del context, option
    numbers = [] if text is None else [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < _LONGEST_NUMBER for part in numbers):
        raise click.BadParameter(f"{text} is not a list of whole numbers, such as 20,20")
    return tuple(map(int, numbers)) or None


def _whole(names: str, most: int, metavar: str, text: str) -> Callable[[_Function], _Function]:
    """An option that is a whole number of at least 1; `names` may end with the question's field."""
    return click.option(*names.split(), type=click.IntRange(1, most), metavar=metavar, help=text)


@verb("fit", "Print the memory ledger of one model on one GPU.", _EPILOG)
@click.option("--gpu", metavar="NAME", help="A GPU of the catalog, such as H100-NVL-94.")
@click.option("--model", metavar="ID", help="A model of the catalog, such as Qwen/Qwen3-8B.")
@click.option("--hf-config", type=_FILE, metavar="FILE", help="The config.json of a model outside the catalog.")
@click.option(
    "--check-log",
    type=_FILE,
    metavar="FILE",
    help="Set every figure of a vLLM start-up log beside ours. Model, GPU and options that aren't given here are those "
    "of the log.",
)
@click.option("--mig", metavar="PROFILE", help="A MIG profile of that GPU: 3g.47gb.")
@_whole("--tensor-parallel", MOST_GPUS, "N", "GPUs that share each layer (1).")
@_whole("--pipeline-parallel", MOST_GPUS, "N", "Stages of layers (1).")
@click.option(
    "--layer-partition",
    callback=_partition,
    metavar="N,N…",
    help="Layers of each stage, as VLLM_PP_LAYER_PARTITION has them (even).",
)
@click.option(
    "--enable-expert-parallel",
    "expert_parallel",
    is_flag=True,
    default=None,
    help="Whole experts on each GPU instead of slices.",
)
@_whole("--context", MOST_TOKENS, "TOKENS", "Longest request (the model's own maximum).")
@click.option("--kv-cache-dtype", metavar="FORMAT", help="auto or fp8 (auto).")
@click.option(
    "--gpu-memory-utilization",
    "utilization",
    type=float,
    metavar="F",
    help="Fraction of the device that vLLM may use (vLLM's default).",
)
@click.option(
    "--kv-cache-memory-bytes",
    metavar="N",
    callback=_bytes,
    help="KV cache of a fixed size, such as 12G, whatever the utilization.",
)
@_whole(
    "--max-num-batched-tokens batched_tokens",
    MOST_TOKENS,
    "N",
    "Tokens of one batch: decides activations and what sliding windows hold (vLLM's default on that GPU).",
)
@_whole("--max-num-seqs sequences", MOST_REQUESTS, "N", "Concurrent sequences (vLLM's default).")
@click.option("--enforce-eager", "eager", is_flag=True, default=None, help="Without CUDA graphs.")
@click.option("--language-model-only", is_flag=True, help="Without the encoders of images.")
@click.option("--spec-method", metavar="METHOD", help="Speculative decoding: mtp, eagle3, ngram …")
@_whole("--spec-tokens", MOST_DRAFTED, "N", "Tokens that are drafted ahead (1).")
@_whole("--max-loras", MOST_ADAPTERS, "N", "Adapters (LoRA) on the GPU at once; none without (1).")
@_whole("--max-lora-rank", MOST_RANK, "N", "Largest rank of an adapter (16).")
@click.option(
    "--prefix-caching",
    type=click.Choice(["on", "off"]),
    help="Decides how many states a request holds, in models with linear attention or state space layers (on).",
)
@click.option(
    "--weights-gib", type=float, callback=_size, metavar="GIB", help="Size of the checkpoint, where it isn't known."
)
@click.option(
    "--kv-cache-gib",
    type=float,
    callback=_size,
    metavar="GIB",
    help="Available KV cache memory as vLLM logs it: weights and device are then not checked.",
)
@click.option("--json", is_flag=True, help="Print the figures as JSON.")
def fit(
    model: str | None, hf_config: Path | None, check_log: Path | None, *, spec_method: str | None,
    spec_tokens: int | None, prefix_caching: str | None, language_model_only: bool, json: bool, **rest: Any,
) -> int:  # fmt: skip
    """Print vLLM's memory ledger for one model on one GPU, and what would help where it doesn't fit.

    Give either --model or --hf-config. Figures are of one GPU, the worst rank.
    """
    import catalog
    from cli.fit_text import readable
    from planning.fit import Answer, Question, Refusal, answer

    named = (model is not None) + (hf_config is not None)
    if named > 1 or (named == 0 and check_log is None):
        raise click.BadParameter("give either --model or --hf-config", param_hint="--model / --hf-config")
    if rest["gpu"] is None and check_log is None:
        raise click.BadParameter("give the name of a GPU", param_hint="--gpu")
    if spec_tokens is not None and spec_method is None:
        raise click.BadParameter("give --spec-method as well", param_hint="--spec-tokens")
    config = _config(hf_config) if hf_config is not None else None
    if isinstance(config, str):
        return _refuse([Refusal("config", config, "give a config.json")], json)
    given: dict[str, Any] = {
        **rest, "config": config, "model": model or (str(hf_config) if hf_config else None),
        "speculative": {"method": spec_method, "num_speculative_tokens": spec_tokens or 1} if spec_method else None,
        "prefix_caching": None if prefix_caching is None else prefix_caching == "on",
        "images": False if language_model_only else None,
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
    return FINE if found.memory.fits or rest["kv_cache_gib"] is not None else REJECTED


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
    from config.findings import printable

    problems = [
        {"option": option(refusal.field), "message": refusal.message, "fix": refusal.fix} for refusal in refusals
    ]
    for problem in problems:
        print(printable(f"{problem['option']}: {problem['message']} → {problem['fix']}"), file=sys.stderr)
    if json:
        print(json_text.dumps({"fits": None, "problems": problems}, indent=2, ensure_ascii=False))
    return REJECTED
