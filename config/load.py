"""From a mapping of sections to settings, or to every problem that keeps it from being one."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from config.explain import explain
from config.findings import Finding, in_order
from config.secrets import secret_literals
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of reading a stack: `settings` is None where too little is legible to plan on.

    With problems present, `settings` may still hold what was legible, so that the planner can add what it sees:
    a reader gets all problems in one go. Nothing may be built from settings that came with errors.
    """

    settings: Settings | None
    problems: tuple[Finding, ...]


def load(sections: Mapping[str, Any]) -> Loaded:
    """Validate the sections of a stack file (`{"platform": {…}, "pools": […]}`); never raises on bad input."""
    problems = secret_literals(sections)
    try:
        return Loaded(Settings.model_validate(sections), in_order(problems))
    except ValidationError as error:
        problems += explain(error, sections)
        return Loaded(_legible(sections, error), in_order(problems))


def _legible(sections: Mapping[str, Any], error: ValidationError) -> Settings | None:
    """Leave out the keys that are wrong; None where what is left doesn't stand on its own."""
    rest = deepcopy(dict(sections))
    for problem in error.errors(include_url=False, include_context=False):
        holder: Any = rest
        place = list(problem["loc"])
        while place:
            step = place.pop(0)
            value = holder.get(step) if isinstance(holder, dict) else None
            if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
                value = holder[step]
            if isinstance(value, (dict, list)) and place:
                holder = value
            elif isinstance(holder, dict):
                holder.pop(step, None)
                break
            else:
                return None
    try:
        return Settings.model_validate(rest)
    except ValidationError:
        return None
