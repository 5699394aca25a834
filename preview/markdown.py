"""The preview as a comment on a pull request: one table, details folded, short enough for GitHub and Azure DevOps."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from config import Finding, blocking
from policy.evaluation import Violation
from preview import findings
from preview.comparison import CostChange, Difference
from preview.formats import span, whole
from preview.property_changes import PropertyChange, property_changes, shown
from preview.report import Built

# GitHub refuses a comment of more than 65,536 characters; Azure DevOps one of more than 150,000.
_LONGEST = 60_000
# Properties of one resource, and lines of one folded part, that are shown.
_MOST_PROPERTIES, _MOST_LINES = 12, 200
_NOTHING = "–"
_MODEL_PARTS = ("replicas", "placement", "rollout")
_MEMORY = ("kv_tokens", "max_concurrency", "weights_gib", "overhead_gib", "kv_cache_gib", "fits")


def marker(stack: str) -> str:
    """The line by which the comment of a stack is found again, to be replaced."""
    return f"<!-- llm-platform preview {html.escape(stack)} -->"


class Compared(Struct, frozen=True):
    """A preview of an accepted stack, and what it is compared with.

    `plan` and `before` are the JSON of this preview's plan and of the earlier preview, `gpus` the GPUs of each VM size.
    """

    built: Built
    plan: Mapping[str, Any]
    gpus: Mapping[str, int]
    before: Mapping[str, Any] | None = None
    against: Difference | None = None

    @property
    def violations(self) -> Sequence[Violation]:
        """What the stack violates of the organisation's policies."""
        return self.built.judgement.violations if self.built.judgement is not None else ()

    @property
    def replaced(self) -> set[str]:
        """URNs of resources that are made again."""
        fixed = self.against.fixed if self.against is not None else ()
        return {change.urn for change in fixed if change.property.outcome == "replaced"}


def comment(stack: str, found: Sequence[Finding], compared: Compared | None) -> str:
    """The whole comment; `compared` is None for a stack that is rejected."""
    violations = () if compared is None else compared.violations
    blocked = any(each.blocks for each in violations)
    verdict = "violates policies" if blocked else "accepted"
    if compared is None:
        verdict = "rejected, nothing would be registered"
    parts = [marker(stack), f"### llm-platform · {_plain(stack)}: {verdict}", ""]
    if compared is not None:
        parts += [*_summary(found, compared), "", *_never(compared.against), *_models(compared)]
    parts += _folded("Policies", [_violation(each) for each in violations], open_=blocked)
    parts += _folded("Findings", [_finding(each) for each in found], open_=blocking(tuple(found)))
    parts += _changes(compared) if compared is not None else []
    return _within("\n".join(parts))


def _summary(found: Sequence[Finding], compared: Compared) -> Iterator[str]:
    against, cost, replaced = compared.against, compared.plan["cost"], compared.replaced
    now, was = (_gpus(plan, compared.gpus) for plan in (compared.plan, (compared.before or {}).get("plan")))
    change = _NOTHING
    if against is not None:
        counts = (len(against.added), len(against.changed) - len(replaced), len(replaced), len(against.removed))
        change = "{} created, {} changed, {} replaced, {} deleted".format(*map(whole, counts))
    blocked = sum(each.blocks for each in compared.violations)
    rows = [
        ("resources", whole(len(compared.built.resources)), change),
        ("GPUs", span(*now) if now else "not known", _gpu_change(now, was)),
        (
            "cost a month",
            f"{span(cost['min_per_month'], cost['max_per_month'])} {cost['currency']}",
            _cost_change(against.cost if against else None),
        ),
        ("findings", findings.summary(found), _new(found, compared.before)),
        ("policies", f"{blocked} mandatory, {len(compared.violations) - blocked} others", ""),
    ]
    yield f"| | now | {'against ' + _plain(against.stack) if against else 'compared with nothing'} |"
    yield "|---|---|---|"
    yield from (f"| {what} | {figure} | {changed} |" for what, figure, changed in rows)


def _gpus(plan: Mapping[str, Any] | None, on_each: Mapping[str, int]) -> tuple[int, int] | None:
    """At the fewest and at the most nodes; None without a plan, or where a VM size isn't known."""
    pools = [] if plan is None else [(on_each.get(pool.get("vm_size")), pool["nodes"]) for pool in plan["pools"]]
    known = [(count, nodes) for count, nodes in pools if count is not None]
    if plan is None or len(known) < len(pools):
        return None
    return sum(count * nodes["min"] for count, nodes in known), sum(count * nodes["max"] for count, nodes in known)


def _gpu_change(now: tuple[int, int] | None, was: tuple[int, int] | None) -> str:
    if now is None or was is None:
        return _NOTHING
    low, high = now[0] - was[0], now[1] - was[1]
    return f"{low:+}" if low == high else f"{low:+} to {high:+}"


def _cost_change(cost: CostChange | None) -> str:
    if cost is None:
        return _NOTHING
    low, high = f"{cost.min_per_month:+,.0f}", f"{cost.max_per_month:+,.0f}"
    return f"{low if low == high else f'{low} to {high}'} {cost.currency}"


def _new(found: Sequence[Finding], before: Mapping[str, Any] | None) -> str:
    if before is None:
        return _NOTHING
    known = {(each.get("rule"), each.get("path"), each.get("message")) for each in before.get("findings", ())}
    new = sum((each.rule, each.path, each.message) not in known for each in found)
    return f"{new} new" if new else "none new"


def _never(against: Difference | None) -> Iterator[str]:
    """What Azure refuses, or makes again with all that is in it: in front of everything else."""
    for change in against.fixed if against is not None else ():
        fact, name = change.property, change.urn.rpartition("::")[2]
        words = {"refused": "Azure refuses this change of", "kept": "No effect on"}
        what = words.get(fact.outcome, "Refused, it is protected:" if change.protected else "DELETED AND MADE AGAIN:")
        yield f"> **{what} {_code(name)}** – {_plain(fact.what)} → {_plain(fact.instead)}"
        yield ""


def _models(compared: Compared) -> Iterator[str]:
    """A row for each figure of a model that changes."""
    if compared.before is None:
        return
    old, new = ({model["name"]: model for model in plan["models"]} for plan in (compared.before["plan"], compared.plan))
    rows: list[str] = []
    for name in sorted({*old, *new}):
        if name in old and name in new:
            changes = property_changes(_figures(old[name]), _figures(new[name]))
            rows += [f"| {_code(name)} | {_before_and_now(change)} |" for change in changes]
        else:
            rows.append(f"| {_code(name)} | {'added' if name in new else 'removed'} | | |")
    if rows:
        yield "| model | what | before | now |"
        yield "|---|---|---|---|"
        yield from _few(rows, "rows")
        yield ""


def _figures(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a model's plan is worth a row: engine options by their name, not by their place."""
    memory = {name: model["memory"].get(name) for name in _MEMORY}
    return {
        **{part: model.get(part) for part in _MODEL_PARTS},
        "memory": memory,
        "args": _options(model.get("args", ())),
    }


def _options(args: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    name = "model"
    for word in args:
        if word.startswith("--"):
            name = word
            found[name] = ""
        else:
            found[name] = f"{found.get(name, '')} {word}".strip()
    return found


def _before_and_now(change: PropertyChange) -> str:
    return f"{_code(change.path)} | {_code(shown(change.before))} | {_code(shown(change.now))}"


def _violation(each: Violation) -> str:
    word = f"excepted by {each.exception}" if each.exception else each.level
    return (
        f"- **{_plain(word)}** {_code(each.policy)} {_code(each.resource)}: {_plain(each.message)} → {_plain(each.fix)}"
    )


def _finding(each: Finding) -> str:
    place = f" (line {each.line})" if each.line else ""
    head = f"- **{findings.WORDS[each.severity]}** {_code(each.rule)} {_code(each.path)}{place}"
    return f"{head}: {_plain(each.message)} → {_plain(each.fix)}"


def _changes(compared: Compared) -> list[str]:
    against = compared.against
    count = 0 if against is None else sum(map(len, (against.added, against.removed, against.changed)))
    return _folded("Resources", list(_resources(compared)), count)


def _resources(compared: Compared) -> Iterator[str]:
    against = compared.against
    if against is None:
        return
    yield from (f"- create {_named(urn)}" for urn in against.added)
    yield from (f"- delete {_named(urn)}" for urn in against.removed)
    for change in against.changed:
        yield f"- {'**replace**' if change.urn in compared.replaced else 'change'} {_named(change.urn)}"
        yield from _few([_property(each) for each in change.properties], "properties", _MOST_PROPERTIES, "  - ")
        if change.options:
            yield f"  - options: {', '.join(map(_code, change.options))}"


def _property(change: PropertyChange) -> str:
    return f"  - {_code(change.path)}: {_code(shown(change.before))} → {_code(shown(change.now))}"


def _named(urn: str) -> str:
    _, _, kind, name = urn.split("::", 3)
    return f"{_code(name)} {_plain(kind.rpartition('$')[2])}"


def _folded(title: str, lines: Sequence[str], count: int | None = None, *, open_: bool = False) -> list[str]:
    if not lines:
        return []
    return [
        f"<details{' open' if open_ else ''}><summary>{title} ({len(lines) if count is None else count})</summary>", "",
        *_few(lines, "lines"), "", "</details>", "",
    ]  # fmt: skip


def _few(lines: Sequence[str], noun: str, most: int = _MOST_LINES, margin: str = "- ") -> Sequence[str]:
    if len(lines) <= most:
        return lines
    return [*lines[:most], f"{margin}… and {len(lines) - most} more {noun}"]


def _within(text: str) -> str:
    if len(text) <= _LONGEST:
        return text.rstrip() + "\n"
    cut = text[:_LONGEST].rpartition("\n")[0]
    folds = "\n</details>\n" if cut.count("<details") > cut.count("</details>") else ""
    return f"{cut}\n{folds}\nThis is cut: the whole is what `llm-platform preview` prints.\n"


def _plain(text: object) -> str:
    """Text that stays text: no HTML, no table, no link and nobody who is told; what is in backticks is code."""
    pieces = str(text).split("`")
    if len(pieces) % 2 == 0:
        return _escaped(str(text))
    return "".join(_code(piece) if index % 2 and piece else _escaped(piece) for index, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    safe = html.escape(findings.printable(text), quote=False)
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", safe).replace("@", "@\u200b")


def _code(text: object) -> str:
    """A code span that no text can end."""
    safe = findings.printable(str(text))
    ticks = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    space = " " if "`" in safe else ""
    return f"{ticks}{space}{safe}{space}{ticks}".replace("|", "\\|")
