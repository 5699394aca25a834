"""The planner's command line: `check` judges a stack, `fit` answers whether a model fits, `rules` prints all rules."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import catalog
from planning import check, fit
from planning.command_line import run
from planning.rules import REGISTER
from planning.rules import page as rules_page

FITS, REFUSED = 0, 2
# What a pipe gets, as from the preview.
_WIDEST = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 fine, 2 it doesn't fit or the question is wrong."""
    options = _parser().parse_args(arguments)
    if options.command == "rules":
        print(rules_page.page(REGISTER), end="")
        return FITS
    return _check(options) if options.command == "check" else _fit(options)


def _check(options: argparse.Namespace) -> int:
    found = check.check(options.stack, options.config)
    if options.json == "-":
        sys.stdout.writelines(check.document(options.stack, found))
    else:
        if options.json:
            found = check.written(options.json, options.stack, found)
        width = min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)
        sys.stdout.writelines(f"{line}\n" for line in check.report(options.stack, found, width))
    return FITS if found.plan is not None else REFUSED


def _fit(options: argparse.Namespace) -> int:
    config = None
    if options.hf_config is not None:
        try:
            config = json.loads(Path(options.hf_config).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            return _refuse([fit.Refusal("--hf-config", f"can't be read: {error}", "give a config.json")], options)
        if not isinstance(config, dict):
            return _refuse([fit.Refusal("--hf-config", "holds no JSON object", "give a config.json")], options)
    question = fit.Question(
        model=options.model or options.hf_config,
        gpu=options.gpu,
        config=config,
        mig=options.mig,
        tensor_parallel=options.tensor_parallel,
        pipeline_parallel=options.pipeline_parallel,
        context=options.context,
        kv_cache_dtype=options.kv_cache_dtype,
        utilization=options.gpu_memory_utilization,
        batched_tokens=options.max_num_batched_tokens,
        sequences=options.max_num_seqs,
        prefix_caching=options.prefix_caching == "on",
        weights_gib=options.weights_gib,
        kv_cache_gib=options.kv_cache_gib,
    )
    found = fit.answer(question, catalog.load())
    if not isinstance(found, fit.Answer):
        return _refuse(found, options)
    print(json.dumps(found.as_json(), indent=2) if options.json else fit.readable(found))
    return FITS if found.memory.fits or options.kv_cache_gib is not None else REFUSED


def _refuse(refusals: Sequence[fit.Refusal], options: argparse.Namespace) -> int:
    for one in refusals:
        print(f"{one.option}: {one.message} → {one.fix}", file=sys.stderr)
    if options.json:
        told = [{"option": one.option, "message": one.message, "fix": one.fix} for one in refusals]
        print(json.dumps({"fits": None, "problems": told}, indent=2, ensure_ascii=False))
    return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m planning", description="What the planner knows.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rules", help="print the page of rules", allow_abbrev=False)
    _add_check(commands.add_parser(
        "check",
        help="judge a stack by its settings, its plan and every rule, without building the graph",
        description="What the preview says of a stack before it builds the graph: at editor speed, without Pulumi.",
        epilog="Exit codes: 0 fine (warnings allowed), 2 settings or plan rejected, 1 a defect of ours.",
        allow_abbrev=False,
    ))  # fmt: skip
    one = commands.add_parser(
        "fit",
        help="print the memory ledger of one model on one GPU",
        description="The memory ledger of vLLM for one model on one GPU; figures are of one GPU, the worst rank.",
        epilog="Exit codes: 0 fits, 2 does not, or the question is wrong. With --kv-cache-gib always 0 when answered.",
        allow_abbrev=False,
    )
    model = one.add_mutually_exclusive_group(required=True)
    model.add_argument("--model", metavar="ID", help="a model of the catalog, such as Qwen/Qwen3-8B")
    model.add_argument("--hf-config", metavar="FILE", help="the config.json of a model outside the catalog")
    one.add_argument("--gpu", required=True, metavar="NAME", help="a GPU of the catalog, such as H100-NVL-94")
    one.add_argument("--mig", metavar="PROFILE", help="a MIG profile of that GPU, such as 3g.47gb")
    one.add_argument("--tensor-parallel", type=_positive, default=1, metavar="N", help="GPUs that share each layer")
    one.add_argument("--pipeline-parallel", type=_positive, default=1, metavar="N", help="stages of layers")
    one.add_argument("--context", type=_positive, metavar="TOKENS", help="longest request (the model's own maximum)")
    one.add_argument("--kv-cache-dtype", default="auto", metavar="FORMAT", help="auto or fp8 (auto)")
    one.add_argument("--gpu-memory-utilization", type=float, metavar="F", help="share of the device (vLLM's default)")
    one.add_argument(
        "--max-num-batched-tokens", type=_positive, metavar="N",
        help="tokens of one batch: decides activations and what sliding windows hold (vLLM's default on that GPU)",
    )  # fmt: skip
    one.add_argument("--max-num-seqs", type=_positive, metavar="N", help="sequences at once (vLLM's default)")
    one.add_argument(
        "--prefix-caching", choices=("on", "off"), default="on",
        help="decides how many states a request holds, in models with linear attention or state space layers (on)",
    )  # fmt: skip
    one.add_argument("--weights-gib", type=_size, metavar="GIB", help="size of the checkpoint, where it isn't known")
    one.add_argument(
        "--kv-cache-gib", type=_size, metavar="GIB",
        help="available KV cache memory as vLLM logs it: weights and device are then not checked",
    )  # fmt: skip
    one.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _add_check(one: argparse.ArgumentParser) -> None:
    one.add_argument("stack", metavar="STACK", help="the stack: Pulumi.STACK.yaml is read")
    one.add_argument("--config", metavar="FILE", help="read this stack file instead")
    one.add_argument("--json", metavar="FILE", help="write the preview's JSON, without resources; - prints it alone")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def _size(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no size")
    return number


if __name__ == "__main__":
    sys.exit(run(main))
