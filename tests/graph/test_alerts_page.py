"""docs/alerts.md lists every alert as its rule has it, and which alerts are held back beside which."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from observability.inhibitions import INHIBITIONS
from tests.graph.stacks import ROOT
from tests.graph.test_runbooks import everything

_PAGE = ROOT / "docs" / "alerts.md"
_REGENERATE = "regenerate it: UPDATE_GOLDEN=1 .venv/bin/pytest tests/graph/test_alerts_page.py"
_ROWS, _HELD = ("<!-- alerts -->\n", "<!-- end of alerts -->"), ("<!-- held back -->\n", "<!-- end of held back -->")


def found() -> Mapping[str, list[Mapping[str, Any]]]:
    """The rules of every alert, of all stacks."""
    alerts: dict[str, list[Mapping[str, Any]]] = {}
    for entry in everything():
        if entry["type"].endswith(":PrometheusRule"):
            for group in entry["inputs"]["spec"]["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        alerts.setdefault(rule["alert"], []).append(rule)
    return alerts


def rows() -> Iterator[str]:
    """The page's table of alerts."""
    yield "| alert, with its runbook | severity | who acts | what it means for users |\n|---|---|---|---|\n"
    for name, rules in sorted(found().items()):
        severities = sorted({rule["labels"]["severity"] for rule in rules})
        owners = sorted({rule["labels"]["owner"] for rule in rules})
        impacts = sorted({rule["annotations"]["impact"] for rule in rules})
        assert len(impacts) == 1, f"{name} has one impact in all its rules: {impacts}"
        yield f"| [`{name}`](runbooks/{name}.md) | {', '.join(severities)} | {', '.join(owners)} | {impacts[0]} |\n"


def held() -> Iterator[str]:
    """The page's table of what is held back."""
    yield "| while this fires | these are not sent | because |\n|---|---|---|\n"
    for rule in INHIBITIONS:
        causes = " or ".join(f"`{name}`" for name in rule.causes)
        when = "".join(f" with `{matcher}`" for matcher in rule.when)
        only = "".join(f" with `{matcher}`" for matcher in rule.only)
        same = f", of the same {' and '.join(f'`{label}`' for label in rule.same)}" if rule.same else ""
        yield f"| {causes}{when} | {', '.join(f'`{name}`' for name in rule.effects)}{only}{same} | {rule.why} |\n"


def test_the_page_is_current() -> None:
    page = wanted = _PAGE.read_text(encoding="utf-8")
    for (start, end), lines in ((_ROWS, rows()), (_HELD, held())):
        before, _, rest = wanted.partition(start)
        wanted = f"{before}{start}{''.join(lines)}{end}{rest.partition(end)[2]}"
    if os.environ.get("UPDATE_GOLDEN"):
        _PAGE.write_text(wanted, encoding="utf-8")
    else:
        assert page == wanted, _REGENERATE
