"""A stack file with the versions of another: planned, previewed and judged by policies before anything is written."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from config import Finding
from config.editing import EditRefusedError, with_values
from planning.upgrading.promotion import Copied, Promotion, promotion
from planning.upgrading.verdicts import Direction, Move, moves
from preview.policies import Judgement, configured, judged
from preview.stack import Assessed, assessed
from preview.upgrade import World, side


class Promoted(Struct, frozen=True):
    """The outcome: what is copied and left, the file's new text, and what stands against it."""

    promotion: Promotion
    moves: tuple[Move, ...]
    text: str
    stack: Assessed | None
    judgement: Judgement | None
    problems: tuple[Finding, ...]

    @property
    def violated(self) -> bool:
        """Whether a policy forbids the result."""
        return self.judgement is not None and any(each.blocks for each in self.judgement.violations)


def promote(
    source: Assessed, target: Assessed, name: str, folder: Path, world: World, policies: str | None = None
) -> Promoted:
    """Copy what may move from one accepted stack to another, `name` with its file in `folder`.

    `policies` is the file with the strictness of policies, in place of that of the target's environment.

    Raises:
        ValueError: one of the two files can't be read as settings.
        preview.engine.ProgramFailed: the program raised on the result.
    """
    ours, theirs = target.loaded.settings, source.loaded.settings
    if ours is None or theirs is None:
        raise ValueError("a file that isn't read as settings has no versions to copy")
    found = promotion(theirs, ours, source.file.sections, target.file.sections)
    try:
        text = with_values(target.file.text, found.values)
    except EditRefusedError as refused:
        return Promoted(found, (), target.file.text, None, None, (_finding("PROMOTE-EDIT", "", str(refused)),))
    result = assessed(text, world.today, folder)
    before, after = side(name, target, world), side(name, result, world)
    judged_moves: tuple[Move, ...] = ()
    if before and after:
        judged_moves = moves(Direction(world.catalog, world.records, before.pins, after.pins, world.today))
    blocked = tuple(_blocked(found, judged_moves))
    result = result.rejected_for(*blocked)
    if result.plan is None or not found.copied:
        return Promoted(found, judged_moves, text, result, None, blocked)
    # The Pulumi SDK takes a second to import: a rejected result is shown without it.
    from preview.program import graph_of  # noqa: PLC0415

    strictness = configured(policies, result.environment, world.today)
    result = result.with_problems(*strictness.problems)
    judgement = judged(graph_of(name, result, world.project), strictness) if result.plan is not None else None
    return Promoted(found, judged_moves, text, result, judgement, blocked)


def _blocked(found: Promotion, judged_moves: tuple[Move, ...]) -> Iterator[Finding]:
    copied = {each.label for each in found.copied}
    for move in judged_moves:
        if move.verdict == "blocked" and copied:
            yield _finding(
                "PROMOTE-BLOCKED", move.path, f"{move.current} → {move.target}: {move.why} ({move.source})", move.do
            )


def _finding(rule: str, path: str, message: str, fix: str | None = None) -> Finding:
    return Finding("error", rule, path or "(file)", message, fix or "change it by hand")


def verdict_of(copied: Copied, found: tuple[Move, ...]) -> str | None:
    """The verdict on the move of a copied version; None where it is no version, such as a commit."""
    wanted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in copied.path)[1:]
    return next((move.verdict for move in found if move.path == wanted), None)
