"""What the command line does with the text of a stack file, in this process: its verdict, or what prevents one."""

import json
import sys
from pathlib import Path

from cli.check import document, report
from preview.findings import SourceFile
from preview.program import graph_of
from preview.stack import PROJECT, assessed

# The day of the shipped prices, so that a verdict does not change with the calendar.
DAY = "2026-11-24"


def verdict(text: str, folder: Path = PROJECT, *, build: bool = False) -> int:
    """0 for an accepted stack, 2 for one that is refused; with `build`, an accepted one is previewed as well.

    Raises:
        AssertionError: the verdict has no reason, or a reason has no place, no words or no advice.
    """
    found = assessed(text, DAY, folder)
    printed = "\n".join(report("fuzz", found, SourceFile("Pulumi.fuzz.yaml", text), 100))
    assert printed.isprintable() or all(char.isprintable() or char == "\n" for char in printed), "control characters"
    written = json.loads("".join(document("fuzz", found)), parse_constant=_not_json)
    errors = [finding for finding in found.findings if finding.severity == "error"]
    assert bool(errors) == (found.plan is None) == (not written["ok"]), "a verdict without a reason"
    for finding in found.findings:
        assert all((finding.path, finding.message, finding.fix)), f"{finding} lacks a place, words or advice"
    if found.plan is None:
        return 2
    if build:
        _build(found)
    return 0


def _build(found: object) -> None:
    from preview.engine import render  # noqa: PLC0415 - the Pulumi SDK takes a second to import
    from preview.manifests import manifests  # noqa: PLC0415 - as above

    graph = graph_of("fuzz", found)  # ty: ignore[invalid-argument-type]
    manifests((resource.type, {key: render(value) for key, value in resource.inputs.items()}) for resource in graph)


def _not_json(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


if __name__ == "__main__":
    sys.exit(verdict(Path(sys.argv[1]).read_text(encoding="utf-8")))
