"""The upgrade of a stack: which versions move, in which order, a verdict on each, and what the move does."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from catalog import Catalog
from catalog.upgrades import Upgrades
from config import Finding, blocking
from config.editing import EditRefusedError, with_values
from planning.upgrading.newest import Staying, newest
from planning.upgrading.pins import Pins, VersionPin, pins_of
from planning.upgrading.reasons import VERDICTS, Verdict, worst_verdict
from planning.upgrading.verdicts import Direction, Move, Refusal, moves
from preview.deployed import Deployed, deployed_pins
from preview.effects import Effects, effects
from preview.stack import PROJECT, Assessed, assessed

_SAME = ("name", "suffix", "environment", "region", "tenant_id", "subscription_id")


class Side(Struct, frozen=True):
    """One side of a move: its name, its versions, and its stack, None where only a state or preview is known."""

    name: str
    pins: Pins
    stack: Assessed | None
    deployed: Deployed | None = None


class Upgrade(Struct, frozen=True):
    """A move of a stack; `effects` is None where `effects_unknown` says why."""

    stack: str
    before: str
    after: str
    moves: tuple[Move, ...]
    stays: tuple[Staying, ...]
    new: tuple[VersionPin, ...]
    gone: tuple[VersionPin, ...]
    effects: Effects | None
    effects_unknown: str | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the moves' verdicts, and blocked where the target is rejected."""
        refused: list[Verdict] = ["blocked"] if blocking(self.findings) else []
        return worst_verdict([*(move.verdict for move in self.moves), *refused])

    @property
    def ok(self) -> bool:
        """Whether every move is safe or manual."""
        return VERDICTS.index(self.verdict) <= VERDICTS.index("manual")

    def to_json(self) -> dict[str, Any]:
        """The shape of `--json`: docs/upgrading.md."""
        shown = ("severity", "rule", "path", "line", "column", "message", "fix")
        listed = [{"order": number, **to_builtins(move)} for number, move in enumerate(self.moves, 1)]
        return {
            "stack": self.stack,
            "from": self.before,
            "to": self.after,
            "ok": self.ok,
            "verdict": self.verdict,
            "moves": listed,
            "stays": to_builtins(self.stays),
            "new": to_builtins(self.new),
            "gone": to_builtins(self.gone),
            "effects": to_builtins(self.effects),
            "effects_unknown": self.effects_unknown,
            "findings": [{name: getattr(each, name) for name in shown} for each in self.findings],
        }


class World(Struct, frozen=True):
    """What every upgrade is judged by: facts, records of moves, pinned packages, the day, and the program's folder."""

    catalog: Catalog
    records: Upgrades
    packages: Mapping[str, str]
    today: str
    project: Path = PROJECT


def side(name: str, stack: Assessed, world: World) -> Side | None:
    """A stack file as a side; None where it can't be read as settings."""
    if stack.loaded.settings is None:
        return None
    return Side(name, pins_of(stack.loaded.settings, world.catalog, world.packages), stack)


def deployed_side(name: str, found: Deployed, world: World) -> Side:
    """A state or an earlier preview as a side; what it doesn't say of packages is as it is here."""
    pins = deployed_pins(found, world.catalog)
    return Side(name, pins, None, found)


def other_stack(before: Assessed, after: Assessed) -> Iterator[Finding]:
    """Why two files are not versions of one stack file."""
    if before.loaded.settings is None or after.loaded.settings is None:
        return
    old, new = before.loaded.settings.platform, after.loaded.settings.platform
    for name in _SAME:
        if getattr(old, name) != getattr(new, name):
            yield Finding(
                "error", "UPGRADE-OTHER-STACK", f"platform.{name}",
                f"the file is of another stack: its {name} is {getattr(new, name)}, not {getattr(old, name)}",
                "give another version of the same stack's file; versions go from one stack to another with `promote`",
            )  # fmt: skip


def proposed(before: Side, folder: Path, world: World) -> tuple[Side, tuple[Staying, ...]]:
    """The stack at the newest versions that the catalog knows to be supported, and the pins that stay.

    Raises:
        EditRefusedError: a version can't be changed in the file's text.
    """
    if before.stack is None or before.stack.loaded.settings is None:
        raise EditRefusedError("only a stack file can be moved to the newest versions")
    pins, stays = newest(world.catalog, world.records, before.pins, world.today)
    moved = [pin for key, pin in pins.items() if pin.version != before.pins[key].version]
    index = {model.name: number for number, model in enumerate(before.stack.loaded.settings.models)}
    values: dict[tuple[str | int, ...], str] = {}
    charts = dict(world.catalog.charts)
    for pin in moved:
        if pin.kind == "kubernetes":
            values["cluster", "kubernetes"] = pin.version
        elif pin.kind == "vllm":
            values["models", index[pin.name], "engine", "version"] = pin.version
        elif pin.kind == "chart":
            charts[pin.name] = replace(charts[pin.name], version=pin.version)
    text = with_values(before.stack.file.text, values)
    stack = assessed(text, world.today, folder, replace(world.catalog, charts=charts))
    return Side("the newest known versions", pins, stack), stays


def upgrade(
    stack: str,
    before: Side,
    after: Side,
    world: World,
    stays: Sequence[Staying] = (),
    problems: Sequence[Finding] = (),
) -> Upgrade:
    """The verdict on a move from one side to the other; `problems` are further findings about the target.

    Raises:
        preview.engine.ProgramFailed: the program raised on one of the two stacks.
    """
    own = after.stack.findings if after.stack is not None else ()
    errors = tuple(each for each in (*problems, *own) if each.severity == "error")
    stated = [Refusal(each.path, each.message, each.fix, each.rule) for each in errors]
    found = moves(Direction(world.catalog, world.records, before.pins, after.pins, world.today), stated)
    seen, why = _effects(stack, before, after, world) if not problems else (None, "the target is refused")
    return Upgrade(
        stack=stack,
        before=before.name,
        after=after.name,
        moves=found,
        stays=tuple(stays),
        new=_only(after.pins, before.pins),
        gone=_only(before.pins, after.pins),
        effects=seen,
        effects_unknown=why,
        findings=errors,
    )


def _only(pins: Pins, others: Pins) -> tuple[VersionPin, ...]:
    """Charts and models that one side alone has; of images and packages a state doesn't say all."""
    return tuple(pin for key, pin in pins.items() if key not in others and pin.kind in {"chart", "vllm"})


def _effects(stack: str, before: Side, after: Side, world: World) -> tuple[Effects | None, str | None]:
    if after.stack is None or after.stack.plan is None:
        return None, f"{after.name} is rejected, so it can't be previewed"
    # The Pulumi SDK takes a second to import: a rejected stack is judged without it.
    from preview.program import former_urns, graph_of  # noqa: PLC0415

    if before.deployed is not None:
        old = before.deployed.resources
    elif before.stack is not None and before.stack.plan is not None:
        old = tuple(each.to_json() for each in graph_of(stack, before.stack, world.project))
    else:
        return None, f"{before.name} is rejected by today's rules, so it can't be previewed: give --from"
    graph = graph_of(stack, after.stack, world.project)
    new = tuple(each.to_json() for each in graph)
    facts, records = world.catalog.fixed.values(), world.records
    return effects(old, new, after.stack.plan.models, facts, records.replacing, former_urns(graph)), None
