"""What a finding says of a value that has the wrong type, length or size: in plain words, never in pydantic's."""

from typing import Any

import pytest
from planning_stacks import DROP, changed, model, pool

import config
from config.wording import did_you_mean

LARGEST = 2**53 - 1


def messages(changes: dict[str, Any]) -> dict[str, str]:
    return {finding.path: finding.message for finding in config.load(changed(changes)).problems}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("platform.name", [], "[] is not a string"),
        ("platform.region", "", '"" is empty'),
        ("platform.name", "a" * 17, '"aaaaaaaaaaaaaaaaa" is longer than 16 characters'),
        ("platform.name", "Acme", '"Acme" has the wrong form'),
        ("models[0].context", "many", '"many" is not a whole number'),
        ("models[0].context", 1.5, "1.5 is not a whole number"),
        ("observability.alerts.first_token_seconds", "long", '"long" is not a number'),
        ("platform.locks", "yes", '"yes" is neither true nor false'),
        ("pools[0].os_disk_gib", 127, "127 is below 128"),
        ("pools[0].os_disk_gib", 2049, "2049 is above 2048"),
        ("observability.alerts.first_token_seconds", float("nan"), "NaN is not a finite number"),
        ("observability.alerts.first_token_seconds", 0, "0 is not above 0"),
        ("observability.alerts.first_token_seconds", 7200.5, "7200.5 is above 7200"),
        ("cluster.admin_groups", "all", '"all" is not a list'),
        ("cluster.admin_groups", [], "[] has no items"),
        ("tenants[0].key_generations", [3, 2, 1], "[3, 2, 1] has more than 2 items"),
        ("quota", ["cores"], '["cores"] is not a mapping'),
        ("network", "wide", '"wide" is not a mapping'),
        ("platform.region", None, "the key has no value"),
        ("platform.environment", DROP, "`environment` is missing"),
        ("pools[0].capacity", "cheap", '"cheap" is not one of `on-demand`, `spot`'),
    ],
)
def test_a_wrong_value_is_described(path: str, value: Any, words: str) -> None:
    assert messages({path: value})[path] == words


def test_a_long_value_is_cut_to_one_short_line() -> None:
    (shown,) = messages({"platform.environment": "x" * 200}).values()
    assert shown.startswith(f'"{"x" * 58}… is not one of')
    (whole,) = messages({"platform.environment": "x" * 58}).values()
    assert whole.startswith(f'"{"x" * 58}" is not one of')


def test_numbers_inside_the_json_of_an_option_are_those_that_json_counts() -> None:
    for number in (LARGEST, -LARGEST):
        assert messages({"models[0].engine.args": {"compilation-config": {"a": [number]}}}) == {}
    for number in (LARGEST + 1, -LARGEST - 1):
        assert messages({"models[0].engine.args": {"compilation-config": {"a": [number]}}}) != {}


def test_a_layout_without_mig_is_named_as_it_was_written() -> None:
    for key, layout in (("layout", ["3g.47gb"]), ("layouts", [["3g.47gb"]])):
        found = messages({"pools[1]": pool("other", gpu={key: layout})})
        assert found == {"pools[1].gpu": f"`{key}` is only valid with sharing `mig`"}


def test_one_name_is_proposed_unless_more_are_wanted() -> None:
    assert did_you_mean("regoin", ["regions", "region"]) == "did you mean `region`?"


@pytest.mark.parametrize(("least", "most", "taken"), [(2, 2, True), (2, 1, False)])
def test_the_fewest_may_be_as_many_as_the_most(least: int, most: int, *, taken: bool) -> None:
    found = messages({"models[0].replicas": {"min": least, "max": most}})
    assert (found == {}) is taken


def test_both_kinds_of_a_choice_between_two_are_named() -> None:
    """Whoever writes neither, or both, reads which of them it was."""
    both = model("more", "h100", source={"huggingface": "a/b", "revision": "0" * 40, "blob": "c"})
    assert "both are given" in messages({"models[2]": both})["models[2].source"]
    neither = model("more", "h100", source={})
    assert "neither is given" in messages({"models[2]": neither})["models[2].source"]
