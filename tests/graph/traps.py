"""Reads the tables of known traps in docs/, and finds what their references name in the program, graphs and tests."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import yaml
from pydantic import BaseModel

from config.settings import Settings
from planning.rules import REGISTER
from tests.repository import ROOT

INDEX = ROOT / "docs" / "traps.md"
PAGES = (INDEX, *sorted((ROOT / "docs" / "traps").glob("*.md")))
HEADER = ("trap", "source", "answer", "proved by")
# What stands in the last column where nothing can be named; the answer says why.
OPEN, ACCEPTED, NOT_APPLICABLE = "open", "accepted", "not applicable"
VERDICTS = (OPEN, ACCEPTED, NOT_APPLICABLE)
_GRAPHS = ROOT / "tests" / "graph" / "golden" / "graph"

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")
_RULE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_TEST = re.compile(r"(tests/[\w./-]+)(?:::(\w+))?")
_ALERT = re.compile(r"alert (\w+)")
_FIELD = re.compile(r"([A-Z]\w+)(?:/([\w.-]+))? ([a-z][^\s:~]*(?:\[[^\]]*\][^\s:~]*)*)(?:(: | ~ )(.+))?")
_SETTING = re.compile(r"([a-z_]+)(\[\])?((?:\.[a-z_]+(?:\[\])?)+)")
_STEP = re.compile(r'([^.\[\]]+)|\[(\*|\d+)\]|\["([^"]*)"\]')
_FINDING = re.compile(r'"((?:CFG|SEC)-[A-Z-]+)"')


class Trap(NamedTuple):
    """One line of a table: its page and line, and the text of its four columns."""

    page: Path
    line: int
    trap: str
    source: str
    answer: str
    proved: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def traps(page: Path) -> Iterator[Trap]:
    """The lines of a page's tables of traps. Raises ValueError for a line without exactly four columns."""
    inside = False
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        cells = tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text)[1:-1])
        if not text.startswith("|"):
            inside = False
        elif cells == HEADER:
            inside = True
        elif inside and not set(text) <= set("|-: "):
            if len(cells) != len(HEADER):
                message = f"{page.name}:{number}: {len(cells)} columns"
                raise ValueError(message)
            yield Trap(page, number, *cells)


def references(cell: str) -> list[str]:
    """What a cell names in code font."""
    return _CODE.findall(cell)


def prose(cell: str) -> str:
    """What is left of a cell without code, links and what separates them."""
    return re.sub(r"[\s,;]+", " ", _LINK.sub("", _CODE.sub("", cell))).strip()


def unknown(reference: str, *, prose_too: bool = False) -> str | None:
    """Why a reference names nothing that exists, or None.

    With `prose_too`, code that has the form of no reference is taken for a word of the sentence.
    """
    for form, check in (
        (_TEST, _unknown_test),
        (_RULE, _unknown_rule),
        (_ALERT, _unknown_alert),
        (_SETTING, _unknown_setting),
        (_FIELD, _unknown_field),
    ):
        if found := form.fullmatch(reference):
            if form is _SETTING and found[1] not in Settings.model_fields:
                break
            return check(found)
    return None if prose_too else "neither rule, test, alert, setting nor field"


def _unknown_test(found: re.Match[str]) -> str | None:
    path = ROOT / found[1]
    if not path.exists():
        return "no such file"
    if found[2] and f"def {found[2]}(" not in path.read_text(encoding="utf-8"):
        return "no such test in this file"
    return None


def _unknown_rule(found: re.Match[str]) -> str | None:
    return None if found[0] in REGISTER or found[0] in _findings_of_reading() else "no such rule"


@cache
def _findings_of_reading() -> frozenset[str]:
    """Ids of findings that reading a stack file can have: they are no rules of the register."""
    return frozenset(
        name for file in (ROOT / "config").glob("*.py") for name in _FINDING.findall(file.read_text(encoding="utf-8"))
    )


def _unknown_alert(found: re.Match[str]) -> str | None:
    return _absent("PrometheusRule", None, "spec.groups[*].rules[*].alert", found[1].__eq__)


def _unknown_setting(found: re.Match[str]) -> str | None:
    kind: Any = Settings
    for key in found[0].replace("[]", "").split("."):
        for model in _models(kind):
            if key in model.model_fields:
                kind = model.model_fields[key].annotation
                break
        else:
            return f"no setting {key}"
    return None


def _models(kind: Any) -> list[type[BaseModel]]:
    """The sections of a stack file that a type may hold."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in get_args(kind) for model in _models(part)]


def _unknown_field(found: re.Match[str]) -> str | None:
    kind, name, path, relation, text = found.groups()
    if relation is None:
        return _absent(kind, name, path, lambda _: True)
    if relation == ": ":
        value = yaml.load(text, Loader=yaml.CSafeLoader)
        return _absent(kind, name, path, lambda given: given == value)
    return _absent(kind, name, path, lambda given: text in (given if isinstance(given, str) else yaml.safe_dump(given)))


def _absent(kind: str, name: str | None, path: str, holds: Any) -> str | None:
    resources = [entry for entry in _resources() if entry[0] == kind and name in (None, entry[1])]
    if not resources:
        return f"no {kind} {name or ''} in any stack"
    given = [value for _, _, content in resources for value in _at(content, path)]
    if not given:
        return f"no {kind} has {path}"
    return None if any(holds(value) for value in given) else f"{path} is {given[0]!r}"


def _at(value: Any, path: str) -> Iterator[Any]:
    """The values at a path such as `spec.rules[*].name` or `metadata.annotations["a/b"]`."""
    found = _STEP.match(path.lstrip("."))
    if not path.lstrip("."):
        yield value
    elif found is not None:
        key, index, quoted = found.groups()
        rest = path.lstrip(".")[found.end() :]
        name = quoted if quoted is not None else key
        if index is not None and isinstance(value, list):
            for item in value if index == "*" else value[int(index) : int(index) + 1]:
                yield from _at(item, rest)
        elif isinstance(value, Mapping) and name in value:
            yield from _at(value[name], rest)


@cache
def _resources() -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
    """Kind, name and content of every resource of every stack, from the golden graphs.

    The content is the inputs, and the options under the key `options`.
    """
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for file in sorted(_GRAPHS.glob("*.yaml")):
        graph = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for key, entry in graph.items():
            if key == "outputs":
                continue
            kind, _, name = key.partition(" ")
            inputs = entry["inputs"]
            named = inputs.get("name") or (inputs.get("metadata") or {}).get("name") or name
            kind = "Provider" if kind.startswith("pulumi:providers:") else kind.rpartition(":")[2]
            found.append((kind, str(named), {**inputs, "options": entry.get("options", {})}))
    return tuple(found)
