"""The upgrade of a stack as text: a table of moves in their order, what they do, and what stays."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from config.findings import printable
from planning.upgrading.reasons import VERDICTS
from planning.upgrading.verdicts import Move
from preview.effects import Deleted, Effects, Restart
from preview.formats import plural
from preview.upgrade import Upgrade

_VERDICT = max(map(len, VERDICTS)) + 2
_MARGIN = 4


def report(found: Upgrade, width: int) -> Iterator[str]:
    """The verdict, the moves, their effects and what stays, in lines of `width` columns where words allow that.

    Names and versions are those of a deployment's state, which may hold anything.
    """
    yield from map(printable, _lines(found, width))


def _lines(found: Upgrade, width: int) -> Iterator[str]:
    counts = Counter(move.verdict for move in found.moves)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    number = plural(len(found.moves), "move")
    yield f"llm-platform · {found.stack} · upgrade from {found.before} to {found.after}"
    yield f"{found.verdict}: {number}{f' ({summary})' if summary else ''}"
    yield from _moves(found.moves, width)
    yield from _listed("New", [f"{pin.kind} {pin.name} {pin.version}" for pin in found.new], width)
    yield from _listed("Gone", [f"{pin.kind} {pin.name} {pin.version}" for pin in found.gone], width)
    yield ""
    yield "What it replaces and restarts"
    if found.effects is None:
        yield from _wrapped(f"unknown: {found.effects_unknown}", width)
    else:
        yield from _effects(found.effects, width)
    yield from _stays(found, width)


def _moves(moves: Sequence[Move], width: int) -> Iterator[str]:
    names = [_named(move) for move in moves]
    versions = [f"{move.current} → {move.target}" for move in moves]
    widest = max(map(len, names), default=0)
    for number, (move, name, version) in enumerate(zip(moves, names, versions, strict=True), 1):
        yield ""
        yield f"{number:>2}  {move.verdict.ljust(_VERDICT)}{name.ljust(widest)}  {version}"
        where = ", ".join(each for each in (move.source, move.as_of) if each)
        yield from _wrapped(move.why + (f" ({where})" if where else ""), width)
        if move.crds is not None:
            yield from _wrapped(f"CRDs move {move.crds}", width)
        for each in move.also:
            yield from _wrapped(each, width)
        if move.do is not None:
            yield from _wrapped(f"→ {move.do}", width)


def _named(move: Move) -> str:
    return move.name if move.kind in {"kubernetes", "driver"} else f"{move.kind} {move.name}"


def _effects(found: Effects, width: int) -> Iterator[str]:
    lines = []
    for each in found.replaced:
        by = "" if each.successor == each.name else f" by {each.successor}"
        kept = "; IT IS PROTECTED, PULUMI REFUSES THIS" if each.protected else ""
        lines.append(f"{each.type.rpartition(':')[2]} {each.name} is replaced{by}: {each.why}{kept}")
    lines += [_restart(each) for each in found.restarts]
    lines += [_deleted(each) for each in found.deleted]
    lines.append(f"{plural(found.created, 'resource')} made, {found.updated} updated in place")
    for line in lines:
        yield from _wrapped(line, width)


def _deleted(each: Deleted) -> str:
    name = f"{each.type.rpartition(':')[2]} {each.name}"
    if each.retained:
        return f"{name} leaves the stack and stays where it is"
    return f"{name} is deleted" + ("; IT IS PROTECTED, PULUMI REFUSES THIS" if each.protected else "")


def _restart(each: Restart) -> str:
    if each.of == "model":
        pods = "its pods restart" if each.pods is None else f"{each.pods} pod{'s' * (each.pods != '1')} restarted"
        return f"model {each.name}: {pods} ({each.why})"
    happens = "it is upgraded, and its pods may restart" if each.of == "chart" else "its pods restart"
    return f"{each.of} {each.name}: {happens} ({each.why})"


def _stays(found: Upgrade, width: int) -> Iterator[str]:
    shown = [each for each in found.stays if each.kind != "package"]
    packages = len(found.stays) - len(shown)
    lines = [f"{each.name} {each.version}: {each.why}" for each in shown]
    lines += [f"{plural(packages, 'Python package')}: no record of a newer version"] if packages else []
    yield from _listed("Stays", lines, width)


def _listed(title: str, lines: Sequence[str], width: int) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        for line in lines:
            yield from _wrapped(line, width)


def _wrapped(text: str, width: int) -> Iterator[str]:
    margin = " " * _MARGIN
    yield from textwrap.wrap(
        printable(text), width, initial_indent=margin, subsequent_indent=f"{margin}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
