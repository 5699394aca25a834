"""Settings are read completely or with every problem; no finding is based on a recovered value."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from planning_stacks import CATALOG, changed
from pydantic import BaseModel, ValidationError

import config
from config import SECTIONS, Settings
from config.shape import described, keys_at, places_of_key, section_at
from planning import assess

junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=6) | st.sampled_from(SECTIONS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from places(item, (*place, step))


PLACES = [place for place in places(changed({})) if place]


def sections_in(section: type[BaseModel], path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in keys_at(path):
        yield (*path, key)
        if section_at((*path, key)) is not None:
            yield from sections_in(section, (*path, key))


@given(st.sampled_from(PLACES), junk)
@example(("models", 0, "source", "revision"), None)
def test_no_value_anywhere_makes_reading_or_planning_fail(place: tuple[Any, ...], value: Any) -> None:
    """One place of the development stack is replaced by anything: an outcome, never an exception."""
    sections: Any = changed({})
    holder = sections
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    loaded = config.load(sections)
    planned = assess(loaded, CATALOG)
    assert loaded.settings is not None
    assert (planned.plan is None) == any(finding.severity == "error" for finding in planned.findings)
    json.dumps([finding.message for finding in planned.findings])
    for finding in planned.findings:
        assert finding.path, finding
        assert finding.message, finding
        assert finding.fix, finding


@given(st.lists(st.tuples(st.sampled_from(PLACES), junk), min_size=2, max_size=5))
def test_no_set_of_values_makes_reading_or_planning_fail(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    sections: Any = changed({})
    for place, value in changes:
        holder = sections
        for step in place[:-1]:
            known = step in holder if isinstance(holder, dict) else isinstance(step, int) and step < len(holder)
            holder = holder[step] if known else None
            if not isinstance(holder, (dict, list)):
                break
        else:
            if isinstance(holder, dict) or (isinstance(place[-1], int) and place[-1] < len(holder)):
                holder[place[-1]] = value
    assess(config.load(sections), CATALOG)


@given(junk)
def test_no_sections_make_reading_fail(sections: Any) -> None:
    if isinstance(sections, dict):
        assert config.load(sections).problems


def test_every_missing_section_is_reported() -> None:
    loaded = config.load({})
    assert [finding.path for finding in loaded.problems] == [
        "cluster",
        "gateway",
        "models",
        "platform",
        "pools",
        "tenants",
    ]


def test_valid_settings_have_no_problems_and_nothing_recovered() -> None:
    loaded = config.load(changed({}))
    assert loaded.settings is not None
    assert loaded.problems == ()
    assert loaded.recovered == ()


def test_settings_are_closed_and_frozen() -> None:
    settings = config.load(changed({})).settings
    assert settings is not None
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings.platform, "name", "other")  # noqa: B010 - a type checker refuses the plain assignment


def test_every_setting_is_described_so_that_a_fix_reads_well() -> None:
    """Descriptions go on after `write` or `add key:` and end a sentence that has no full stop."""
    for place in sections_in(Settings):
        section = section_at(place[:-1])
        assert section is not None
        own = next(
            field.description for name, field in section.model_fields.items() if place[-1] == (field.alias or name)
        )
        assert own, place
        assert described(place) == own
        assert not own.endswith("."), place
        assert re.match(r"[a-z`0-9]|GUID|`", own), (place, own)


def test_a_key_one_level_off_is_reported_with_where_it_belongs() -> None:
    assert places_of_key("tensor_parallel") == ["models[].engine", "models[].measured"]
    assert places_of_key("layout") == ["pools[].gpu"]
    assert places_of_key("nothing") == []
    assert "cluster.system_pool" in places_of_key("vm_size")


def errors(changes: dict[str, Any]) -> set[tuple[str, str]]:
    loaded = config.load(changed(changes))
    return {(finding.rule, finding.path) for finding in assess(loaded, CATALOG).findings if finding.severity == "error"}


def test_a_misspelt_key_counts_as_the_intended_key() -> None:
    """The value under the misspelt key is checked: the layout below doesn't pack."""
    found = errors({"pools[0].gpu": {"sharing": "mig", "layuot": ["4g.47gb", "4g.47gb"]}})
    assert ("CFG-UNKNOWN-KEY", "pools[0].gpu.layuot") in found
    assert ("MIG-PACKING", "pools[0].gpu.layout") in found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("platform.region", 5), ("platform", None), ("cluster.gpu_driver", "nobody"), ("cluster.kubernetes", 1.36),
        ("cluster.system_pool", "large"), ("pools[0]", "h100"), ("pools[0].name", "H100 pool"), ("pools[0].vm_size", 7),
        ("pools[0].nodes", {"min": 9, "max": 3}), ("pools[0].nodes.max", "three"), ("pools[0].gpu", "mig"),
        ("pools[0].gpu.layout", "3g.47gb"), ("models[0].pool", 3), ("models[0].source", "Qwen/Qwen3-8B"),
        ("models[0].context", "long"), ("models[0].replicas", 3), ("models[0].engine.tensor_parallel", "two"),
        ("models[0].engine.version", 0.33), ("models[0].name", "Chat"), ("network", {"address_space": "10.99.0.0"}),
        ("network", {"subnets": "10.20.0.0/16"}), ("tenants", []),
        ("quota", {"StandardNCadsH100v5Family": "80"}),
    ],
)  # fmt: skip
def test_a_wrong_value_causes_no_findings_about_what_depends_on_it(path: str, value: Any) -> None:
    found = errors({path: value})
    assert found
    assert all(rule.startswith("CFG-") for rule, _ in found), found


def test_a_list_with_wrong_items_is_not_called_empty() -> None:
    found = errors({"pools": [3], "models": ["chat", "embed"]})
    assert found == {("CFG-VALUE", "pools[0]"), ("CFG-VALUE", "models[0]"), ("CFG-VALUE", "models[1]")}


def test_values_are_shown_shortened() -> None:
    loaded = config.load(changed({"platform.suffix": "x" * 500}))
    assert max(len(finding.message) for finding in loaded.problems) < 200
