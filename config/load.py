"""Validates the sections of a stack file: returns settings, or every problem that prevents them."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from pydantic import ValidationError

from config.controls import control_characters
from config.findings import Finding, Place, in_order, path_of
from config.secrets import secret_literals, secret_places, without_secret_keys
from config.settings import Settings


class Loaded(Struct, frozen=True):
    """The outcome of reading a stack: `settings` is None where there is nothing that could be planned.

    With problems present, `settings` may still hold what could be recovered, so that the planner can add its findings
    and all problems are reported in one run. Nothing may be built from settings with errors, and no finding may rest
    on the `recovered` places, whose values the operator did not write.
    """

    settings: Settings | None
    problems: tuple[Finding, ...]
    recovered: tuple[str, ...] = ()


def load(sections: Mapping[str, Any], before: Iterable[Finding] = ()) -> Loaded:
    """Validate the sections of a stack file (`{"platform": {…}, "pools": […]}`); never raises on bad input.

    `before` are the problems of reading the file. If they left no section at all, they are the only ones reported.
    """
    problems = list(before)
    if not sections and problems:
        return Loaded(None, in_order(problems))
    sections, numbers = _with_text_keys(without_secret_keys(sections))
    problems += numbers + control_characters(sections)
    hidden = secret_literals(sections)
    # A secret written where its name belongs is reported once, as a secret.
    reported = {problem.path for problem in hidden}
    try:
        settings = Settings.model_validate(sections)
    except ValidationError as error:
        from config.explain import explain  # noqa: PLC0415 - a stack without mistakes doesn't need it

        settings = None
        problems += [
            found for found in explain(error, sections) if found.rule == "CFG-UNKNOWN-KEY" or found.path not in reported
        ]
    if settings is not None and not hidden:
        return Loaded(settings, in_order(problems))
    from config.recover import recover  # noqa: PLC0415 - as above

    settings, recovered = recover(sections, secret_places(sections))
    return Loaded(settings, in_order(problems + hidden), tuple(path_of(place) for place in recovered))


def _with_text_keys(value: Any, place: Place = ()) -> tuple[Any, list[Finding]]:
    """The same with a string for every key, and a finding for each key that was not one."""
    items: list[tuple[Any, Any, Place]]
    if isinstance(value, Mapping):
        items = [(key, item, (*place, str(key))) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(index, item, (*place, index)) for index, item in enumerate(value)]
    else:
        return value, []
    problems: list[Finding] = []
    read: dict[str | int, Any] = {}
    for key, item, inner in items:
        if isinstance(value, Mapping) and not isinstance(key, str):
            wrong = f"key {key} is not a string"
            problems.append(Finding("error", "CFG-QUOTE", path_of(inner), wrong, f'write it in quotes: "{key}"'))
        read[inner[-1]], found = _with_text_keys(item, inner)
        problems += found
    return (read if isinstance(value, Mapping) else list(read.values())), problems
