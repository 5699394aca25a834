"""What Prometheus has seen of a stack, and the file in which it is kept to be read elsewhere."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, ValidationError, convert, to_builtins

from config.document import DocumentError, Entry, read
from observability.advice import Question, questions
from planning.plan import Plan
from reading.texts import JsonRefusedError, json_of

# The version of the file: another one has other keys.
FORMAT: Final = "llm-platform-advise/1"
# A thousand models with their buckets are 60,000 series of five values each.
DUMP_BYTES, MOST_VALUES = 32 * 1024 * 1024, 1_000_000
MOST_DAYS: Final = 90


class Series(Struct, frozen=True, forbid_unknown_fields=True):
    """One value with the labels that tell it from others."""

    labels: dict[str, str]
    value: float


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """What one query returned."""

    query: str
    series: list[Series]


class Planned(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a model its metrics depend on: with other figures they say nothing about it."""

    kv_tokens: int
    context: int
    sequences: int


class Seen(Struct, frozen=True, forbid_unknown_fields=True):
    """The answers to all questions about a stack, over `days` before `at` (seconds of Unix)."""

    format: str
    stack: str
    at: float
    days: int
    planned: dict[str, Planned]
    answers: dict[str, Answer]

    def values(self, key: str, **labels: str) -> list[Series]:
        """The answers to one question that have these labels; none where Prometheus had nothing."""
        found = self.answers[key].series
        return [each for each in found if all(each.labels.get(name) == text for name, text in labels.items())]

    def value(self, key: str, **labels: str) -> float | None:
        """The one answer, or None."""
        found = self.values(key, **labels)
        return found[0].value if len(found) == 1 else None

    def buckets(self, key: str, model: str) -> list[tuple[float, float]]:
        """A histogram of a model: upper bounds with the number of what is at most so large, in rising order."""
        found = self.values(key, model_name=model)
        return sorted((float(each.labels["le"]), each.value) for each in found)


class DumpRefusedError(Exception):
    """A file that is not what `--save` wrote; the message has the place and the line, where they are known."""


def planned(plan: Plan) -> dict[str, Planned]:
    """What the models' metrics depend on."""
    shown = {model.name: model for model in plan.dashboards.models}
    return {
        model.name: Planned(
            min(release.memory.kv_tokens for release in model.releases),
            shown[model.name].context,
            shown[model.name].sequences,
        )
        for model in plan.models
    }


def written(seen: Seen) -> str:
    """The file."""
    return json.dumps(to_builtins(seen), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def from_text(text: str, plan: Plan, stack: str) -> Seen:
    """Read the file.

    Raises:
        DumpRefusedError: it is not JSON, of another version, of another stack, or lacks an answer.
    """
    try:
        value = json_of(text, most_values=MOST_VALUES)
    except JsonRefusedError as error:
        raise DumpRefusedError(f"it is not JSON: {error}") from error
    if not isinstance(value, dict) or "format" not in value:
        raise DumpRefusedError("it has no key `format`: it is not a file that --save wrote")
    if value["format"] != FORMAT:
        raise DumpRefusedError(
            f"{_at(text, 'format')}: {value['format']!r} is not {FORMAT!r}, the one this version reads"
        )
    try:
        seen = convert(value, Seen)
    except ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise DumpRefusedError(f"{_at(text, place.rstrip('`').lstrip('.'))}: {message}") from error
    problem = next(_problems(seen, plan, stack), None)
    if problem is not None:
        raise DumpRefusedError(f"{_at(text, problem[0])}: {problem[1]}")
    return seen


def _problems(seen: Seen, plan: Plan, stack: str) -> Iterator[tuple[str, str]]:
    if seen.stack != stack:
        yield "stack", f"it is of the stack {seen.stack!r}, not of {stack!r}"
    if not 1 <= seen.days <= MOST_DAYS:
        yield "days", f"{seen.days} is not 1 to {MOST_DAYS}"
    wanted = {question.key: question for question in questions(plan.dashboards, max(1, seen.days))}
    for key, question in wanted.items():
        if key not in seen.answers:
            yield "answers", f"it lacks the answer `{key}`: save it again with this version and this stack file"
        else:
            yield from _of_answer(f"answers.{key}", seen.answers[key], question)
    for key in sorted(seen.answers.keys() - wanted.keys()):
        yield f"answers.{key}", "nothing asks for it: save it again with this version and this stack file"


def _of_answer(place: str, answer: Answer, question: Question) -> Iterator[tuple[str, str]]:
    if answer.query != question.query:
        yield f"{place}.query", f"it is the answer to another query than {question.query}"
    known = set()
    for index, series in enumerate(answer.series):
        at_series = f"{place}.series[{index}]"
        if set(series.labels) != set(question.by):
            yield f"{at_series}.labels", f"labels {sorted(series.labels)} are not {sorted(question.by)}"
        elif "le" in series.labels and not _is_number(series.labels["le"]):
            yield f"{at_series}.labels", f"{series.labels['le']!r} is not the bound of a bucket"
        if not (math.isfinite(series.value) and series.value >= 0):
            yield f"{at_series}.value", f"{series.value} is not a number of 0 or more"
        labels = tuple(sorted(series.labels.items()))
        if labels in known:
            yield f"{at_series}.labels", "the same labels as another series"
        known.add(labels)


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _at(text: str, place: str) -> str:
    """A place in the file with its line."""
    line = _line(text, place)
    return (f"line {line}, " if line is not None else "") + f"`{place or '(file)'}`"


def _line(text: str, place: str) -> int | None:
    """JSON is YAML, whose reader knows lines; it doesn't read the largest files."""
    try:
        entry: Entry = read(text).root
    except DocumentError:
        return None
    for step in place.replace("[", ".").replace("]", "").split("."):
        inner: Any = entry.inner
        if isinstance(inner, Mapping) and step in inner:
            entry = inner[step]
        elif isinstance(inner, list) and step.isdecimal() and int(step) < len(inner):
            entry = inner[int(step)]
        else:
            break
    return entry.mark.line
