"""Every field of the stack file takes what its description promises, and nothing beyond.

Bounds, choices and examples are read from the words that findings print; what these leave open is in fields.yaml, with
the reason.
"""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

import catalog
from tests.stack_fields import StackField, stack_fields

_NUMBER = r"([0-9][0-9.]*(?: million)?(?:\^[0-9]+)?)"
_BOTH = re.compile(rf"(?<![\w-]){_NUMBER}(?: \([^)]*\))? (?:to|or) {_NUMBER}(?![\w/])")
_FROM = re.compile(rf"from {_NUMBER}|{_NUMBER} without")
_CHARACTERS = re.compile(r"([0-9]+)(?: characters)? at most")
_EXAMPLE = re.compile(r"""(?<!never a URI )such as ['"]?([A-Za-z0-9@.:/+_-]*[A-Za-z0-9])['"]?(?=[ ,;:)]|$)""")
# Nobody has a model, a group or a host of that name.
_NOBODYS = re.compile(
    r"\?|zz\{index\}|zz/recovered|zzz|(https://|api://|(nobody|recovered)@)?recovered(\.example|:587|-username|-token)?"
)
REVIEWED: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("fields.yaml").read_text(encoding="utf-8"))
FIELDS = stack_fields()
BY_PATH = {field.path: field for field in FIELDS}


def listed(kind: str) -> dict[str, dict[str, Any]]:
    return {path: group for group in REVIEWED[kind] for path in group["of"]}


def number(text: str) -> float:
    base, _, power = text.rstrip(".").replace(" million", "e6").partition("^")
    return float(base) ** int(power) if power else float(base)


def bounds(field: StackField) -> tuple[float | None, float | None, bool]:
    """The least and the most, and whether the least is excluded; None where nothing is promised."""
    if (group := listed("numbers").get(field.path)) is not None:
        return group.get("least"), group.get("most"), group.get("above", False)
    if both := _BOTH.search(field.words):
        return number(both[1]), number(both[2]), False
    first = _FROM.search(field.words)
    return (number(first[1] or first[2]) if first else None), None, False


def holding(value: Any, depth: int, field: StackField) -> Any:
    """The value, in as many lists or mappings as the field has."""
    if depth and isinstance(field.default, dict):
        return {"other": value}
    return holding([value], depth - 1, field) if depth else value


def limited(*kinds: str) -> list[StackField]:
    return [field for field in FIELDS if any(limit.kind in kinds for limit in field.limits)]


def test_numbers_have_the_bounds_of_their_descriptions() -> None:
    fields = limited("ge", "gt", "le")
    assert len(fields) > 60
    for field in fields:
        least, most, above = bounds(field)
        depth = next(limit.depth for limit in field.limits if limit.kind in ("ge", "gt", "le"))
        assert least is not None, field.path
        assert (most is None) == all(limit.kind != "le" for limit in field.limits), field.path
        whole = not any("float" in problem for problem in field.problems(holding("x", depth, field)))
        step = 1 if whole else 1e-9

        def taken(value: float, depth: int = depth, field: StackField = field, whole: bool = whole) -> bool:
            return not field.problems(holding(int(value) if whole else float(value), depth, field))

        assert taken(least) is not above, field.path
        assert not taken(least - step), field.path
        if above:
            assert taken(least + 1e-6), field.path
        if most is not None:
            assert taken(most), field.path
            assert not taken(most + 1 if whole else math.nextafter(most, math.inf)), field.path


def test_no_text_is_read_as_a_number_or_as_yes() -> None:
    """A port in quotes, or `"yes"` for a switch, is a mistake that somebody should see, not one that is guessed at."""
    for field in FIELDS:
        for value in ("x", ["x"], {"other": "x"}):
            assert not [kind for kind in field.problems(value) if kind.endswith("_parsing")], field.path


def test_a_text_is_written_as_text() -> None:
    for field in FIELDS:
        for kind in {limit.depth for limit in field.limits if limit.of_text}:
            assert field.problems(holding(b"recovered", kind, field)), field.path


def test_no_number_is_infinite_or_none() -> None:
    floats = [field for field in limited("ge", "gt", "le") if "float_type" in field.problems("x")]
    assert len(floats) > 15
    for field in floats:
        # Of both a bound would say only that they are above it.
        assert {*field.problems(math.nan), *field.problems(-math.inf)} == {"finite_number"}, field.path
    for field in FIELDS:
        taken = [value for value in (math.nan, math.inf, -math.inf) if not field.problems(value)]
        assert taken == [] or field.info.annotation is dict, field.path


def test_texts_and_lists_end_where_descriptions_or_the_reviewed_table_say() -> None:
    characters, items = listed("most_characters"), listed("most_items")
    for field in limited("max_length"):
        found = {(limit.value, limit.of_text) for limit in field.limits if limit.kind == "max_length"}
        words = _CHARACTERS.search(field.words)
        promised = {
            (group[field.path]["most"], of_text)
            for group, of_text in ((characters, True), (items, False))
            if field.path in group
        }
        if words and field.holds_texts:
            promised.add((int(words[1]), True))
        assert {(int(value), of_text) for value, of_text in found} == promised, field.path
        if any(of_text for _, of_text in promised):
            depth = min(limit.depth for limit in field.limits if limit.of_text)
            longest = min(int(value) for value, of_text in promised if of_text)
            assert "string_too_long" in field.problems(holding("a" * (longest + 1), depth, field)), field.path
            assert "string_too_long" not in field.problems(holding("a" * longest, depth, field)), field.path


def test_a_list_or_a_text_that_must_not_be_empty_is_refused_when_it_is() -> None:
    for field in limited("min_length"):
        assert {limit.value for limit in field.limits if limit.kind == "min_length"} == {1}, field.path
    for field in FIELDS:
        if "at least one" in field.words:
            assert "too_short" in field.problems([]), field.path
        if field.info.annotation is str:
            assert field.problems(""), field.path


def test_what_is_left_out_has_the_reviewed_default() -> None:
    assert set(REVIEWED["defaults"]) <= set(BY_PATH)
    for field in FIELDS:
        if field.info.is_required():
            continue
        default = field.default
        if isinstance(default, BaseModel):
            assert field.path in REVIEWED["defaults"] or not default.model_fields_set, field.path
            default = default.model_dump(mode="json") if field.path in REVIEWED["defaults"] else None
        shown = list(default) if isinstance(default, tuple) else default
        wanted = REVIEWED["defaults"].get(field.path)
        assert shown == wanted if field.path in REVIEWED["defaults"] else shown in (None, [], {}, False), field.path
        assert type(shown) is type(wanted) or field.path not in REVIEWED["defaults"], field.path


def test_a_default_is_what_its_own_field_takes() -> None:
    for field in FIELDS:
        if not field.info.is_required() and not isinstance(field.default, BaseModel) and field.default is not None:
            assert not field.problems(field.default), field.path


def test_a_closed_list_has_the_values_that_its_description_or_the_reviewed_table_names() -> None:
    more = listed("choices")
    for field in FIELDS:
        words = re.findall(r"`([^`]+)`", field.words)
        for value in field.choices:
            named = value in words or value in more.get(field.path, {}).get("values", [])
            assert named, (field.path, value)


def test_examples_are_taken() -> None:
    tried = 0
    for field in FIELDS:
        if (field.info.annotation is str or field.holds_texts) and (example := _EXAMPLE.search(field.words)):
            depth = min((limit.depth for limit in field.limits if limit.of_text), default=0)
            assert not field.problems(holding(example[1], depth, field)), (field.path, example[1])
            tried += 1
    assert tried > 25


def test_the_stand_in_of_a_field_is_one_that_it_takes() -> None:
    """Recovery must not report as a mistake what it has put in itself."""
    fields = [(field, field.stand_in) for field in FIELDS if field.stand_in is not None]
    assert len(fields) > 40
    for field, stand_in in fields:
        assert not field.problems(stand_in.at((3,))), field.path
        if not field.choices and isinstance(stand_in.value, str) and not re.search(r"[0-9]", stand_in.value):
            assert _NOBODYS.fullmatch(stand_in.value), field.path
        if isinstance(stand_in.value, int | float):
            # The smallest that is something; of prices and of memory besides the rest nothing.
            nothing = field.path.endswith(("_tokens", "_per_million", "overhead_gib"))
            assert stand_in.value == (0 if nothing and "batched" not in field.path else 1), field.path
        if field.path == "models.measured.gpu":
            assert stand_in.value in catalog.load().gpus


def test_the_reviewed_table_is_about_fields_and_says_why() -> None:
    for kind in ("most_characters", "most_items", "numbers", "choices"):
        assert set(listed(kind)) <= set(BY_PATH), kind
        assert all(len(group["why"]) >= 4 for group in REVIEWED[kind])


@pytest.mark.parametrize("path", ["platform.locks", "models.engine.args", "tenants.api_keys"])
def test_a_flag_is_not_a_string(path: str) -> None:
    assert BY_PATH[path].problems("yes")
