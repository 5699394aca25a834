"""What an upgrade of the program would take away from a stack, and a report of it for whoever changed the program."""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from rehearsal.outcome import Outcome, Side
from simulators.azure.arm_paths import path_inputs
from tests.engine.recording import RECORDED, Recording, token_of

REVIEWED: Final = RECORDED / "losses.yaml"
# What a step may do to a resource that a user of an earlier version has.
_KEEPS: Final = frozenset({"create", "import", "update"})
_IDENTITY: Final = "azure-native:managedidentity:UserAssignedIdentity"
_ROLE: Final = "azure-native:authorization:RoleAssignment"


@dataclass(frozen=True)
class Allowance:
    """A reviewed loss. `name` is a logical name or a pattern of them, as file names are matched.

    `successor` is the logical name of what comes before it goes and takes its work over; `unused` says that nothing
    has to, since nobody could do anything by it.
    """

    version: str
    stack: str
    type: str
    name: str
    reason: str
    successor: str | None = None
    unused: bool = False

    def covers(self, loss: "Loss") -> bool:
        """Whether a loss of the same version and stack is meant.

        One of something protected never is, one of something costly only by its exact name, and with a successor or
        where it had no rights.
        """
        if loss.type != self.type or not fnmatch.fnmatchcase(loss.name, self.name):
            return False
        if self.unused:
            return not loss.protected and loss.name == self.name and loss.without_rights
        if self.successor is None:
            return not loss.weight
        return not loss.protected and loss.name == self.name and self.successor in loss.siblings


@cache
def costly() -> Mapping[str, str]:
    """Why a resource of a type may never go, by type."""
    return yaml.safe_load(REVIEWED.read_text())["costly"]


@cache
def allowances() -> tuple[Allowance, ...]:
    """Every reviewed loss."""
    return tuple(Allowance(**entry) for entry in yaml.safe_load(REVIEWED.read_text())["allowed"])


def allowances_for(recording: Recording) -> list[Allowance]:
    """The reviewed losses of a recorded stack."""
    return [
        allowance
        for allowance in allowances()
        if (allowance.version, allowance.stack) == (recording.version, recording.stack)
    ]


@dataclass(frozen=True)
class Loss:
    """A resource that an upgrade replaces or deletes.

    `properties` are those that force a replacement, `heir` is the URN of what today's program makes in the same place,
    `siblings` are the logical names of other resources of its type that it makes; `without_rights` is an identity, or
    what lets somebody sign in as one, to which no role was assigned.
    """

    urn: str
    type: str
    protected: bool
    properties: tuple[str, ...]
    heir: str | None
    siblings: tuple[str, ...]
    without_rights: bool = False

    @property
    def name(self) -> str:
        """Logical name."""
        return _name(self.urn)

    @property
    def weight(self) -> tuple[str, ...]:
        """Why it may not go; empty where the only reason is that nobody has allowed it."""
        cost = costly().get(self.type)
        return (*(["protected"] if self.protected else []), *([f"costly: {cost}"] if cost else []))

    def __str__(self) -> str:
        what = f"{self.type} `{self.name}`"
        if self.heir is not None:
            return f"{what} would be deleted and created again as `{_name(self.heir)}`"
        if self.properties:
            return f"{what} would be replaced, since {', '.join(f'`{path}`' for path in self.properties)} would change"
        return f"{what} would be deleted"

    @property
    def cure(self) -> str:
        """What to change in the program."""
        if self.heir is not None:
            heir = _name(self.heir)
            if _kinds(self.urn) != _kinds(self.heir):
                before, now = (_kinds(urn).rpartition("$")[0] or "the stack itself" for urn in (self.urn, self.heir))
                return (
                    f"an alias is missing: it was below {before}, it is below {now} now. Give the component of another "
                    f"type a pulumi.Alias(type_=…), or `{heir}` a pulumi.Alias(parent=…)"
                )
            return f'an alias is missing: give `{heir}` aliases=[pulumi.Alias(name="{self.name}")] in its options'
        if self.properties:
            return "the same settings must give the same value of what can't be changed in place"
        others = f", instead it makes {', '.join(f'`{name}`' for name in self.siblings)}" if self.siblings else ""
        return f"nothing in today's program is in its place{others}: the same settings must give the same names"


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _kinds(urn: str) -> str:
    """Types of a resource and of all its parents."""
    return urn.split("::")[2]


def _place(type_: str, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two resources one and the same in their cloud: type and name there."""
    if type_.startswith("azure-native:"):
        return (type_, *(inputs.get(part) for part in path_inputs(token_of(type_))))
    named = inputs.get("metadata") or inputs
    return (type_, named.get("namespace"), named.get("name"))


def _without_rights(resource: Mapping[str, Any], recorded: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a resource is an identity, or a credential of one, that no role assignment of the recording waits for."""
    before = {resource["urn"], *(resource.get("dependencies") or ())}
    identities = {urn for urn in before if _kinds(urn).endswith(_IDENTITY)}
    return bool(identities) and not any(
        _kinds(role["urn"]).endswith(_ROLE) and identities.intersection(role.get("dependencies") or ())
        for role in recorded
    )


def losses(outcome: Outcome, recorded: Iterable[Mapping[str, Any]]) -> list[Loss]:
    """What an operation takes away of the resources that are recorded, sorted by URN.

    Components are names only: what matters is what becomes of the resources below them. A protected one counts, since
    the engine refuses to let it go.
    """
    recorded = list(recorded)
    had = {resource["urn"]: resource for resource in recorded if resource["custom"] or resource.get("protect")}
    made: dict[str, Side] = {
        step.urn: step.new for step in outcome.steps if step.op == "create" and step.new is not None
    }
    found = []
    for urn, operations in outcome.operations.items():
        if urn not in had or _KEEPS.issuperset(operations):
            continue
        resource = had[urn]
        type_, inputs = resource["type"], resource.get("inputs") or {}
        alike = {made_urn: side for made_urn, side in made.items() if side.type == type_}
        heirs = [made_urn for made_urn, side in alike.items() if _place(type_, side.inputs) == _place(type_, inputs)]
        forced = {path for step in outcome.steps if step.urn == urn and step.op == "replace" for path in step.keys}
        found.append(
            Loss(
                urn=urn,
                type=type_,
                protected=bool(resource.get("protect")),
                properties=tuple(sorted(forced)),
                heir=heirs[0] if heirs else None,
                siblings=tuple(sorted(_name(resource) for resource in alike)),
                without_rights=_without_rights(resource, recorded),
            )
        )
    return found


def unforeseen(recording: Recording, found: Iterable[Loss]) -> list[Loss]:
    """Losses that nobody has allowed."""
    allowed = allowances_for(recording)
    return [loss for loss in found if not any(allowance.covers(loss) for allowance in allowed)]


def losses_report(recording: Recording, found: Sequence[Loss]) -> str:
    """What an upgrade would take away and what to do about it, worst first."""
    lines = [f"Today's program would take away of a stack `{recording.stack}` of version {recording.version}:"]
    providers = [loss for loss in found if loss.type.startswith("pulumi:providers:")]
    followers = [loss for loss in found if providers and loss.properties == ("provider",)]
    own = [loss for loss in found if loss not in followers]
    for loss in sorted(own, key=lambda loss: not loss.weight):
        lines += ["", f"  {loss}", *(f"    {reason}" for reason in loss.weight), f"    → {loss.cure}"]
    if followers:
        names = ", ".join(f"`{loss.name}`" for loss in followers)
        lines += ["", f"  {len(followers)} more, for no other reason than that their provider is replaced: {names}"]
    if not all(loss.weight for loss in own):
        lines += ["", f"What is neither protected nor costly may go if {REVIEWED.name} says why."]
    return "\n".join(lines)
