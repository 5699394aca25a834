"""The catalog's command line: prices from Azure, a quota, the record of a vLLM version, the classes of transformers."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import catalog
from catalog import class_generator, model_classes, quota, retail_api, vllm_generator
from cli.refresh_prices import PRICES, TIMEOUT_SECONDS, refresh_prices

FINE, NOTHING_DONE = 0, 2
_VLLM_RECORDS = Path(catalog.__file__).parent / "vllm"
_VLLM_PAGE = "docs/adding-a-vllm-version.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 nothing was done, with the reason on standard error."""
    options = _parser().parse_args(arguments)
    commands = {"refresh-prices": _refresh, "quota": _quota, "vllm": _vllm, "classes": _classes}
    return commands[options.command](options)


def _refresh(options: argparse.Namespace) -> int:
    return refresh_prices(options.region, Path(options.file), options.api, options.timeout)


def _quota(options: argparse.Namespace) -> int:
    families = {vm.quota_family for vm in catalog.load().vm_sizes.values() if vm.quota_family is not None}
    try:
        text = sys.stdin.read() if options.usage == "-" else Path(options.usage).read_text(encoding="utf-8")
        found = quota.usages(text, families)
    except (OSError, UnicodeDecodeError, quota.NoUsageError) as error:
        print(f"{options.usage} is not what `az vm list-usage --output json` prints: {error}", file=sys.stderr)
        return NOTHING_DONE
    print(quota.section(found), end="")
    return FINE


def _vllm(options: argparse.Namespace) -> int:
    try:
        written = vllm_generator.write(Path(options.out), options.date)
    except ModuleNotFoundError as error:
        print(f"{error}: run this where that version of vLLM is installed ({_VLLM_PAGE})", file=sys.stderr)
        return NOTHING_DONE
    except OSError as error:
        print(f"{options.out}: {error.strerror}", file=sys.stderr)
        return NOTHING_DONE
    for path in written:
        print(path)
    print(f"these are two of the record's five files; write the other three by hand: see {_VLLM_PAGE}")
    file, missing = vllm_generator.unclassified(written, _VLLM_RECORDS)
    for name in missing:
        print(f"deny: {name} has no class in {file or 'any file of classes'}: stacks with it are refused")
    return FINE


def _classes(options: argparse.Namespace) -> int:
    try:
        written = class_generator.write(Path(options.folder), options.version, options.date, Path(options.out))
    except OSError as error:
        print(f"{options.folder}: {error}", file=sys.stderr)
        return NOTHING_DONE
    print(f"{options.out}: {written} classes")
    return FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m catalog", description="Updates the catalog's facts.")
    commands = parser.add_subparsers(dest="command", required=True)
    prices = commands.add_parser(
        "refresh-prices",
        help="ask the public Azure Retail Prices API for every price in the catalog",
        description="Asks the public Azure Retail Prices API and writes its answers, with today's date.",
        epilog="Exit codes: 0 written, 2 the API can't be reached and the file is kept as it is.",
        allow_abbrev=False,
    )
    prices.add_argument(
        "--region", action="append", default=[], metavar="NAME", help="ask for all VM sizes in this region as well"
    )
    prices.add_argument("--file", default=str(PRICES), metavar="FILE", help="the file to bring up to date")
    prices.add_argument("--api", default=retail_api.ADDRESS, metavar="URL", help="the API's address")
    prices.add_argument(
        "--timeout", type=float, default=TIMEOUT_SECONDS, metavar="SECONDS", help="how long to wait for an answer"
    )
    usage = commands.add_parser(
        "quota",
        help="print the quota section of a stack file",
        description="Prints the quota section of a stack file from `az vm list-usage --location REGION --output json`.",
        epilog="Exit codes: 0 printed, 2 the file is something else.",
        allow_abbrev=False,
    )
    usage.add_argument("usage", metavar="FILE", help="what az printed; - reads it from standard input")
    record = commands.add_parser(
        "vllm",
        help="write the generated files of a vLLM version's record, from the vLLM that is installed",
        description=(
            "Writes two files for the vLLM version that is installed: OUT/VERSION.json (the options of `vllm serve`, "
            "from vLLM's own parser) and OUT/VERSION.options.yaml (what vLLM checks later, and names that it looks "
            "up), and names the options that have no class and are refused for it."
        ),
        epilog=f"Exit codes: 0 written, 2 vLLM is not installed here or OUT can't be written. See {_VLLM_PAGE}.",
        allow_abbrev=False,
    )
    record.add_argument("out", metavar="OUT", help="the folder to write into, such as catalog/vllm")
    classes = commands.add_parser(
        "classes",
        help="write what transformers' configuration classes fill in, from the source in an unpacked wheel",
        description="Writes OUT from FOLDER/models/*/configuration_*.py of a transformers wheel; nothing of it is run.",
        epilog="Exit codes: 0 written, 2 the folder has no configuration classes or OUT can't be written.",
        allow_abbrev=False,
    )
    classes.add_argument("folder", metavar="FOLDER", help="the folder `transformers` of the unpacked wheel")
    classes.add_argument("version", metavar="VERSION", help="its version, which vLLM's image has")
    classes.add_argument("--out", default=str(model_classes.FILE), metavar="OUT", help="the file to write")
    for command in (record, classes):
        command.add_argument(
            "--date", default=datetime.now(UTC).date().isoformat(), metavar="DATE",
            help="the day on which the version was looked at, as an ISO date (today)",
        )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
