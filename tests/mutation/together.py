"""Many changed texts of components and of what is watched in one preview, each with a marker of its own.

A text that only flows into the graph shows there with its marker. Without all markers the graph must be the unchanged
one: then the graph of one mutant is this one with its marker alone, and the invariants are checked on it, as if it had
been previewed by itself. Where it is not (a text that is compared, looked up or hashed, or the program raises) the
batch is halved, and at the end each is tried alone.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.mutation import literals, trial
from tests.mutation.literals import Mutant

SIZE = 32
_MARKER = re.compile(r"-mutated(\d+)x", re.IGNORECASE)


def fits(mutant: Mutant) -> bool:
    """Whether a mutant is a text that got longer: another value of an enum has no marker."""
    return (
        mutant.file.startswith(literals.IN_THE_GRAPH)
        and mutant.kind == "text"
        and mutant.change.endswith(("-mutated'", '-mutated"'))
    )


def tried_together(
    mutants: Sequence[Mutant], alone: Callable[[Mutant], str | None]
) -> Iterator[tuple[Mutant, str | None]]:
    """What catches each; `alone` tries one by itself."""
    if len(mutants) == 1:
        yield mutants[0], alone(mutants[0])
        return
    found = _in_a_copy(mutants)
    if found is None:
        half = len(mutants) // 2
        yield from tried_together(mutants[:half], alone)
        yield from tried_together(mutants[half:], alone)
        return
    yield from zip(mutants, found, strict=True)


def _in_a_copy(mutants: Sequence[Mutant]) -> list[str | None] | None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        trial.quiet(120)
        try:
            answer = json.dumps(_found(mutants))
        except Exception:  # noqa: BLE001 - the changed program may raise anything
            answer = "null"
        with os.fdopen(writer, "w", encoding="utf-8") as file:
            file.write(answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text or "null")


def _found(mutants: Sequence[Mutant]) -> list[str | None] | None:
    tables = sys.modules["tests.graph.invariant"]
    unchanged = {stack: tables.resources(stack) for stack in trial.STACKS}
    for name in [name for name in sys.modules if name.partition(".")[0] in ("components", "observability")]:
        del sys.modules[name]
    numbers: dict[str, dict[int, str]] = {}
    for index, mutant in enumerate(mutants):
        numbers.setdefault(mutant.file, {})[mutant.number] = f"-mutated{index}x"
    sys.meta_path.insert(0, trial.Finder({file: literals.marked(file, of_file) for file, of_file in numbers.items()}))
    found: list[str | None] = [None] * len(mutants)
    for stack in trial.STACKS:
        changed = _by_urn(tables.seen(tables.fresh(stack)), unchanged[stack])
        if changed is None:
            return None
        for index in range(len(mutants)):
            if found[index] is None:
                found[index] = _broken(tables, stack, unchanged[stack], changed, index)
    return found


def _by_urn(changed: Sequence[Any], unchanged: Sequence[Any]) -> dict[str, Any] | None:
    """The changed resources that have a marker, by their unchanged URN; None where more than texts has changed."""
    before = {resource["urn"]: resource for resource in unchanged}
    found = {}
    if len(changed) != len(before):
        return None
    for resource in changed:
        plain = _kept(resource, None)
        if before.get(plain["urn"]) != plain:
            return None
        if plain != resource:
            found[plain["urn"]] = resource
    return found


def _broken(tables: Any, stack: str, unchanged: Sequence[Any], changed: Mapping[str, Any], index: int) -> str | None:
    own = {urn: _kept(resource, index) for urn, resource in changed.items()}
    own = {urn: resource for urn, resource in own.items() if f"-mutated{index}x" in str(resource).lower()}
    if not own:
        return None
    # Rows of tables are about one resource each, and hold in the unchanged ones.
    for name, rows in tables.rows().items():
        for row in rows:
            if any(row.about(resource) and next(row.problems(resource), None) for resource in own.values()):
                return f"{trial.INVARIANTS[0]}::test_a_stack_keeps[{stack}-{name}]"
    tables.OVERRIDE[stack] = tuple(own.get(resource["urn"], resource) for resource in unchanged)
    try:
        for name, check in sys.modules["tests.graph.test_invariants"].FUNCTIONS:
            if next(check(stack), None) is not None:
                return f"{trial.INVARIANTS[0]}::test_a_stack_keeps[{stack}-{name}]"
    except Exception as error:  # noqa: BLE001 - as a test that ends in an error
        return f"{type(error).__name__}: {error}"
    finally:
        del tables.OVERRIDE[stack]
    return None


def _kept(value: Any, index: int | None) -> Any:
    """A value without all markers but one."""
    if isinstance(value, str):
        if "mutated" not in value.lower():
            return value
        return _MARKER.sub(lambda found: found[0] if int(found[1]) == index else "", value)
    if isinstance(value, Mapping):
        return {_kept_key(key, index): _kept(item, index) for key, item in value.items()}
    if isinstance(value, list):
        return [_kept(item, index) for item in value]
    if isinstance(value, tuple):
        items = [_kept(item, index) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _kept_key(key: str, index: int | None) -> str:
    """A key without other markers; with one the SDK does not know it, and leaves it in snake case."""
    plain = _kept(key, index)
    if plain == key or "mutated" in plain.lower():
        return plain
    first, *others = plain.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
