"""The comment on a pull request: what changes, down to the property, and nothing that a text could break."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Finding
from preview.markdown import comment, marker
from preview.property_changes import NOTHING, property_changes, shown

_MAPPINGS = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
    ),
    max_size=4,
)


def _pairs(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change.path: (change.before, change.now) for change in property_changes(before, now)}


def test_a_change_names_the_last_property_with_both_values() -> None:
    before = {"spec": {"replicas": 1, "containers": [{"image": "a:1"}]}, "data": {"vllm.yaml": "x"}, "old": 1}
    now = {"spec": {"replicas": 2, "containers": [{"image": "a:2"}, {}]}, "data": {"vllm.yaml": "y"}, "new": {}}
    assert _pairs(before, now) == {
        'data["vllm.yaml"]': ("x", "y"),
        "new": (NOTHING, {}),
        "old": (1, NOTHING),
        "spec.containers[0].image": ("a:1", "a:2"),
        "spec.containers[1]": (NOTHING, {}),
        "spec.replicas": (1, 2),
    }


@given(_MAPPINGS, _MAPPINGS)
def test_equal_mappings_and_no_others_have_no_changes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert property_changes(one, one) == ()
    assert bool(property_changes(one, other)) == (one != other)


def test_long_values_are_one_line_that_is_cut() -> None:
    assert shown("a\n  b") == "a b"
    assert len(shown("x" * 500)) == 80
    assert shown(NOTHING) == "not set"


def test_a_rejected_stack_shows_its_findings_unfolded() -> None:
    finding = Finding("error", "FIT-KV", "models[0].context", "does not fit", "write less", 7, 3)
    text = comment("dev", [finding], None)
    assert text.startswith(marker("dev"))
    assert "dev: rejected" in text
    assert "<details open><summary>Findings (1)</summary>" in text
    assert "**error** `FIT-KV` `models[0].context` (line 7): does not fit → write less" in text


@pytest.mark.parametrize(
    "text", ["<img src=x>", "[a](http://b)", "@everyone", "a | b", "# title", "</details>", "`a", "**a**", "\x1b[31m"]
)
def test_no_text_of_a_stack_is_markup(text: str) -> None:
    found = comment("dev", [Finding("error", "A", text, text, text)], None)
    line = next(line for line in found.splitlines() if line.startswith("- "))
    outside = re.sub(r"(`+).*?\1", "", line.replace("\\`", ""))
    assert "<" not in outside
    assert not re.search(r"(?<!\\)[|\[#]", outside)
    assert not re.search(r"@\w", outside)
    assert "\x1b" not in found


def test_the_comment_is_never_longer_than_github_takes() -> None:
    many = [Finding("error", f"R{number}", "models", "x" * 1000, "y" * 1000) for number in range(200)]
    text = comment("dev", many, None)
    assert len(text) < 65_000
    assert "This is cut" in text
    assert text.count("<details") == text.count("</details>")
