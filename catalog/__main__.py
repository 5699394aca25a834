"""The catalog's command line: prices from Azure, a quota, the record of a vLLM version, the classes of transformers."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import catalog
from catalog import class_generator, model_classes, quota, vllm_generator
from cli import app
from cli.options import verb
from cli.refresh_prices import refresh_prices

FINE, NOTHING_DONE = 0, 2
_NAME = "python -m catalog"
_VLLM_RECORDS = Path(catalog.__file__).parent / "vllm"
_VLLM_PAGE = "docs/adding-a-vllm-version.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 nothing was done, with the reason on standard error."""
    return app.main(arguments, _COMMANDS, _NAME)


@verb("quota", "Print the quota section of a stack file.", "Exit codes: 0 printed, 2 the file is something else.")
@click.argument("usage", metavar="FILE")
def _quota(usage: str) -> int:
    """Print the quota section of a stack file from what `az vm list-usage --location REGION --output json` printed.

    FILE - is standard input.
    """
    families = {vm.quota_family for vm in catalog.load().vm_sizes.values() if vm.quota_family is not None}
    try:
        text = sys.stdin.read() if usage == "-" else Path(usage).read_text(encoding="utf-8")
        found = quota.usages(text, families)
    except (OSError, UnicodeDecodeError, quota.NoUsageError) as error:
        print(f"{usage} is not what `az vm list-usage --output json` prints: {error}", file=sys.stderr)
        return NOTHING_DONE
    print(quota.section(found), end="")
    return FINE


def _date_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--date", default=lambda: datetime.now(UTC).date().isoformat(), metavar="DATE",
        help="The day on which the version was looked at, as an ISO date (today).",
    )(command)  # fmt: skip


@verb(
    "vllm",
    "Write the generated files of a vLLM version's record.",
    f"Exit codes: 0 written, 2 vLLM is not installed here or OUT can't be written. See {_VLLM_PAGE}.",
)
@click.argument("out", metavar="OUT")
@_date_option
def _vllm(out: str, date: str) -> int:
    """Write two files for the vLLM version that is installed here into the folder OUT, such as catalog/vllm.

    OUT/VERSION.json has the options of `vllm serve`, from vLLM's own parser, and OUT/VERSION.options.yaml what vLLM
    checks later, and names that it looks up. Options that have no class, and are refused for it, are named.
    """
    try:
        written = vllm_generator.write(Path(out), date)
    except ModuleNotFoundError as error:
        print(f"{error}: run this where that version of vLLM is installed ({_VLLM_PAGE})", file=sys.stderr)
        return NOTHING_DONE
    except OSError as error:
        print(f"{out}: {error.strerror}", file=sys.stderr)
        return NOTHING_DONE
    for path in written:
        print(path)
    print(f"these are two of the record's five files; write the other three by hand: see {_VLLM_PAGE}")
    file, missing = vllm_generator.unclassified(written, _VLLM_RECORDS)
    for name in missing:
        print(f"deny: {name} has no class in {file or 'any file of classes'}: stacks with it are refused")
    return FINE


@verb(
    "classes",
    "Write what transformers' configuration classes fill in.",
    "Exit codes: 0 written, 2 the folder has no configuration classes or OUT can't be written.",
)
@click.argument("folder", metavar="FOLDER")
@click.argument("version", metavar="VERSION")
@click.option("--out", default=str(model_classes.FILE), metavar="OUT", help="The file to write.")
@_date_option
def _classes(folder: str, version: str, out: str, date: str) -> int:
    """Write OUT from FOLDER/models/*/configuration_*.py of an unpacked transformers wheel; nothing of it is run.

    VERSION is the wheel's version, which vLLM's image has.
    """
    try:
        written = class_generator.write(Path(folder), version, date, Path(out))
    except OSError as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return NOTHING_DONE
    print(f"{out}: {written} classes")
    return FINE


_COMMANDS = app.group("Updates the catalog's facts.", refresh_prices, _quota, _vllm, _classes)

if __name__ == "__main__":
    sys.exit(main())
