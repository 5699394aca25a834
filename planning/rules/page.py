"""Writes the page that lists every rule, from the register itself."""

from collections.abc import Mapping
from inspect import getdoc

from planning.rules.register import Rule

_HEAD = """# Rules

Every rule that a stack must keep before anything is built. An error keeps the stack from being built; a warning and a
note don't. Problems of the file itself have ids that begin with `CFG-`, and `SEC-LITERAL` is a secret in it.

A rule with `aks` in the column "needs" is about Azure Kubernetes Service and runs on that foundation only; the others
hold on every Kubernetes cluster.

This page is written by `llm-platform rules > docs/rules.md`.

| rule | severity | needs | what the stack must keep | what goes wrong without it | source |
|---|---|---|---|---|---|
"""
_SEVERITY = {"info": "note"}


def page(register: Mapping[str, Rule]) -> str:
    """The page in Markdown, one row for each rule, by id."""
    return _HEAD + "".join(_row(register[name]) for name in sorted(register))


def _row(rule: Rule) -> str:
    severity = _SEVERITY.get(rule.severity, rule.severity)
    keeps = (getdoc(rule.check) or "").split("\n\n", maxsplit=1)[0]
    cells = (f"`{rule.name}`", severity, rule.needs or "", keeps, rule.prevents, rule.source)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
