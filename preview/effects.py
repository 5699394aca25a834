"""What a move does to the resources of a stack: what is replaced, deleted or made, and which pods restart."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from catalog import FixedProperty
from catalog.upgrades import Replacing
from planning.plan import ModelPlan
from planning.plan.labels import MODEL
from preview.comparison import Change, Difference, compare
from preview.formats import span
from preview.property_changes import PropertyChange, shown

# What ends a name that changes with what it stands for (planning/naming.py): a pool's revision, a hash, a version.
_LAST_STEP = re.compile(r"(-[0-9a-z]{4}|-[0-9a-f]{10}|(-v?\d+)+)$")
_UNKNOWN = "[unknown]"
_POD_TEMPLATES = ("spec.template.", "spec.leaderWorkerTemplate.")
_RELEASE = ("chart", "version", "values")


class Replaced(Struct, frozen=True):
    """A resource that is made again; `successor` is the name of the one that takes its place."""

    type: str
    name: str
    successor: str
    why: str
    protected: bool


class Deleted(Struct, frozen=True):
    """A resource that leaves the stack: a retained one stays in Azure, a protected one Pulumi refuses to delete."""

    type: str
    name: str
    retained: bool
    protected: bool


class Restart(Struct, frozen=True):
    """Pods that are started again: of a model, of a chart, or of another workload; `pods` is their number, if known."""

    of: Literal["model", "chart", "workload"]
    name: str
    pods: str | None
    why: str


class Effects(Struct, frozen=True):
    """What a move does; names of resources are logical ones, with their types."""

    replaced: tuple[Replaced, ...]
    deleted: tuple[Deleted, ...]
    created: int
    updated: int
    restarts: tuple[Restart, ...]


def effects(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    models: Sequence[ModelPlan],
    facts: Iterable[FixedProperty],
    replacing: Replacing,
    former: Mapping[str, str],
) -> Effects:
    """Compare the resources before and after a move, both in the shape of the preview's JSON.

    `models` are those after it, `former` has the former URNs of resources that were renamed, with their present ones.
    A value that only an update makes known counts as equal.
    """
    before = tuple(_present(before, former))
    found = compare(_document(before), after, _NO_COST, facts)
    options = {each["urn"]: each["options"] for each in after}
    changed = [each for each in map(_known, found.changed) if each.properties]
    pairs, gone, made = _pairs(found)
    was = {each["urn"]: each["options"] for each in before}
    names = {now: _name(urn) for urn, now in former.items() if now in was and urn not in was}
    replaced = [*pairs, *_made_again(changed, found, options, replacing, names)]
    successors = {each.successor for each in replaced}
    inputs = {each["urn"]: each["inputs"] for each in after}
    restarts = {(each.of, each.name): each for each in _restarts(changed, inputs, models, replacing)}
    return Effects(
        replaced=tuple(sorted(replaced, key=lambda each: (each.type, each.name))),
        deleted=tuple(sorted((_deleted(urn, was[urn]) for urn in gone), key=lambda each: (each.type, each.name))),
        created=len(made),
        updated=sum(_name(each.urn) not in successors for each in changed),
        restarts=tuple(restarts[key] for key in sorted(restarts)),
    )


_NO_COST: Mapping[str, Any] = {
    "currency": "", "min_per_month": 0.0, "max_per_month": 0.0, "lines": [], "models": [],
}  # fmt: skip


def _document(resources: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"stack": "", "resources": resources, "plan": {"cost": _NO_COST}}


def _present(resources: Iterable[Mapping[str, Any]], former: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Resources under the URNs that they have now; one whose present URN is there already keeps its own."""
    kept = tuple(resources)
    taken = {each["urn"] for each in kept}
    for each in kept:
        now = former.get(each["urn"])
        yield each if now is None or now in taken else {**each, "urn": now}


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _is_component(urn: str) -> bool:
    """Whether it stands for other resources alone, or for the engine's own."""
    _, project, _, _ = urn.split("::", 3)
    return _type(urn).startswith((f"{project}:", "pulumi:"))


def _known(change: Change) -> Change:
    """The change without properties whose value is not known, before or after."""
    properties = tuple(each for each in change.properties if _UNKNOWN not in (each.before, each.now))
    return Change(change.urn, () if _is_component(change.urn) else properties, change.options)


def _pairs(found: Difference) -> tuple[list[Replaced], list[str], list[str]]:
    """Resources whose name ends otherwise afterwards; the others that go, and those that come."""
    gone = [urn for urn in found.removed if not _is_component(urn)]
    made = [urn for urn in found.added if not _is_component(urn)]
    replaced = []
    for urn in list(gone):
        alike = [new for new in made if _stem(new) == _stem(urn) != (_type(urn), _name(urn))]
        if len(alike) == 1 and sum(_stem(old) == _stem(urn) for old in found.removed) == 1:
            gone.remove(urn)
            made.remove(alike[0])
            why = "its fixed settings, which its name stands for, are others"
            replaced.append(Replaced(_type(urn), _name(urn), _name(alike[0]), why, protected=False))
    return replaced, gone, made


def _deleted(urn: str, options: Mapping[str, Any]) -> Deleted:
    retained, protected = (bool(options.get(name)) for name in ("retain_on_delete", "protect"))
    return Deleted(_type(urn), _name(urn), retained, protected)


def _stem(urn: str) -> tuple[str, str]:
    return _type(urn), _LAST_STEP.sub("", _name(urn))


def _made_again(
    changed: Sequence[Change],
    found: Difference,
    options: Mapping[str, Mapping[str, Any]],
    replacing: Replacing,
    names: Mapping[str, str],
) -> Iterator[Replaced]:
    """Resources that are made again under their URN; `names` are former names by present URNs."""
    fixed = {each.urn: each for each in found.fixed if each.property.outcome == "replaced"}
    for change in changed:
        triggers = [*options[change.urn].get("replace_on_changes", []), *replacing.of(_type(change.urn))]
        fatal = [each for each in change.properties if any(_covers(trigger, each.path) for trigger in triggers)]
        name, protected = _name(change.urn), bool(options[change.urn].get("protect"))
        if change.urn in fixed:
            why = f"{fixed[change.urn].property.what} can't be changed otherwise"
            yield Replaced(_type(change.urn), names.get(change.urn, name), name, why, protected)
        elif fatal:
            why = f"{fatal[0].path} is fixed"
            yield Replaced(_type(change.urn), names.get(change.urn, name), name, why, protected)


def _covers(trigger: str, path: str) -> bool:
    return trigger in {"*", path} or path.startswith((f"{trigger}.", f"{trigger}["))


def _restarts(
    changed: Sequence[Change],
    inputs: Mapping[str, Mapping[str, Any]],
    models: Sequence[ModelPlan],
    replacing: Replacing,
) -> Iterator[Restart]:
    pods = {model.name: span(model.min_replicas, model.max_replicas) for model in models}
    for change in changed:
        own = inputs[change.urn]
        template = [each for each in change.properties if each.path.startswith(_POD_TEMPLATES)]
        if _type(change.urn).endswith(":Release"):
            moved = [each for each in change.properties if re.split(r"[.\[]", each.path)[0] in _RELEASE]
            if moved:
                yield Restart("chart", str(own.get("name", _name(change.urn))), None, _release_why(moved))
        elif template and "spec.template" not in replacing.of(_type(change.urn)):
            model = _label(own)
            if model is not None:
                yield Restart("model", model, pods.get(model), _why(template))
            else:
                yield Restart("workload", _name(change.urn), None, _why(template))


def _label(inputs: Mapping[str, Any]) -> str | None:
    """The model of a workload's pods."""
    waiting: list[Any] = [inputs.get("spec")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if isinstance(value.get(MODEL), str):
                return value[MODEL]
            waiting += value.values()
    return None


def _why(changes: Sequence[PropertyChange]) -> str:
    """The first of the changes that says most: an image, else a place on a node, else whatever comes first."""
    for part, words in ((".image", "another image"), ("pool-revision", "another pool"), (".args", "other options")):
        found = next((each for each in changes if part in each.path), None)
        if found is not None:
            return f"{words}: {shown(found.before, 60)} → {shown(found.now, 60)}"
    return f"its pods change at {changes[0].path}"


def _release_why(changes: Sequence[PropertyChange]) -> str:
    version = next((each for each in changes if each.path == "version"), None)
    if version is not None:
        return f"version {shown(version.before)} → {shown(version.now)}"
    return f"{changes[0].path} changes"
