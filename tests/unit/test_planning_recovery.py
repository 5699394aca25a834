"""A stack file with a value of the wrong type: no finding rests on the value that took its place.

The reader replaces such a value so that the rest of the file can be checked in the same run. What the rules then find
must be true whatever value the operator intended.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from planning_stacks import CATALOG, ROOT, changed
from rule_cases import CASES, Case

import config
from config import Finding
from config.stackfile import parse
from planning import assess

Sections = dict[str, Any]
Steps = tuple[str | int, ...]
SHIPPED = {name: parse((ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")).sections for name in ("dev", "prod")}
# Values beside the stack file's own that an operator may have intended.
FACTORS = (0.5, 2)
LIKE_ITEMS = 2


def scalars(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The places of all scalars of a stack file."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from scalars(item, (*steps, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from scalars(item, (*steps, index))
    else:
        yield steps


def with_value(sections: Sections, steps: Steps, value: Any) -> Sections:
    written = deepcopy(sections)
    holder: Any = written
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = value
    return written


def value_at(sections: Sections, steps: Steps) -> Any:
    value: Any = sections
    for step in steps:
        value = value[step]
    return value


def wrongly_typed(value: Any) -> Any:
    """The value with a wrong type: a string becomes a number, anything else a string."""
    return 7 if isinstance(value, str) else f"{value}"


def errors(sections: Sections, case: Case | None = None, broken: bool = True) -> set[Finding]:
    bootstrap, knowing = (), CATALOG
    if case is not None:
        side = 0 if broken else 1
        bootstrap, knowing = tuple(filter(None, case.bootstrap[side : side + 1])), case.knowing[side]
    loaded = config.load(sections)
    found = assess(loaded, knowing, bootstrap=bootstrap).findings
    return {finding for finding in found if finding.severity == "error" and finding not in loaded.problems}


def texts(found: set[Finding]) -> set[tuple[str, str, str, str]]:
    return {(finding.rule, finding.path, finding.message, finding.fix) for finding in found}


def meant(sections: Sections, steps: Steps) -> Iterator[Sections]:
    """The stack file with values that can be read: its own, and others of the same type."""
    value = value_at(sections, steps)
    yield sections
    if isinstance(value, int | float) and not isinstance(value, bool):
        for factor in FACTORS:
            changed_value = type(value)(value * factor)
            variant = with_value(sections, steps, changed_value)
            if not config.load(variant).problems:
                yield variant


def assert_nothing_false(sections: Sections, steps: Steps, case: Case | None = None, broken: bool = True) -> None:
    wrong = with_value(sections, steps, wrongly_typed(value_at(sections, steps)))
    if not config.load(wrong).problems:
        return
    found = texts(errors(wrong, case, broken))
    if not found:
        return
    for variant in meant(sections, steps):
        assert found <= texts(errors(variant, case, broken)), (steps, value_at(variant, steps))


@pytest.mark.parametrize(
    ("changes", "place", "wrong"),
    [
        ({"models[0].concurrency": 16, "models[0].typical_tokens": 8192}, "models[0].typical_tokens", "8192"),
        (
            {"models[0].concurrency": 6, "models[0].engine.gpu_memory_utilization": 0.99},
            "models[0].engine.gpu_memory_utilization",
            "0.99",
        ),
    ],
)
def test_a_number_in_quotes_is_the_only_finding(changes: dict[str, Any], place: str, wrong: str) -> None:
    """With the number 16, or 6, requests fit; with the default that takes its place they would not."""
    assert assess(config.load(changed(changes)), CATALOG).plan is not None
    outcome = assess(config.load(changed({**changes, place: wrong})), CATALOG)
    assert [(finding.rule, finding.path) for finding in outcome.findings] == [("CFG-VALUE", place)]


@pytest.mark.parametrize("stack", SHIPPED)
def test_no_scalar_of_a_shipped_stack_makes_a_false_finding(stack: str) -> None:
    for steps in scalars(SHIPPED[stack]):
        assert_nothing_false(SHIPPED[stack], steps)


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_setting_that_a_rule_looks_at_makes_a_false_finding(name: str) -> None:
    """Each row of the table of rules lies just inside or just outside of a rule, so a wrong stand-in shows."""
    case = CASES[name]
    for changes, broken in ((case.breaks, True), (case.keeps, False)):
        sections, before = changed(changes), set(scalars(SHIPPED["dev"]))
        alike: Counter[Steps] = Counter()
        for steps in scalars(sections):
            is_new = steps not in before or value_at(sections, steps) != value_at(SHIPPED["dev"], steps)
            # Of many equal models or pools, two are enough.
            alike[tuple("" if isinstance(step, int) else step for step in steps)] += is_new
            few = alike[tuple("" if isinstance(step, int) else step for step in steps)] <= LIKE_ITEMS
            if is_new and few and "hf_config" not in steps:
                assert_nothing_false(sections, steps, case, broken)


@trials(max_examples=60, deadline=None)
@given(st.data())
def test_no_scalar_beside_a_broken_rule_makes_a_false_finding(data: st.DataObject) -> None:
    case = CASES[data.draw(st.sampled_from(sorted(CASES)))]
    broken = data.draw(st.booleans())
    sections = changed(case.breaks if broken else case.keeps)
    assert_nothing_false(sections, data.draw(st.sampled_from(sorted(scalars(sections), key=str))), case, broken)
