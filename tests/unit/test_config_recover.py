"""Error recovery: every required setting has a stand-in that its section takes; near misses are one function."""

from typing import Any

import pytest
from planning_stacks import CATALOG, DROP, changed

import config
from config import Settings
from config.recover import recover
from config.shape import choices_at, field_at, keys_at, section_at, stand_in_at
from config.wording import closest, did_you_mean, nearest
from planning import assess


def required(place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every key that its section requires, in every section; list items by the number 0."""
    found = []
    for key in keys_at(place):
        inner, field = (*place, key), field_at((*place, key))
        assert field is not None
        if field.is_required():
            found.append(inner)
        if section_at(inner) is not None:
            found += required(inner)
    return found


@pytest.mark.parametrize("place", required(), ids=lambda place: ".".join(map(str, place)))
def test_every_required_setting_has_a_stand_in(place: tuple[str | int, ...]) -> None:
    assert stand_in_at(place) is not None


def test_settings_can_be_recovered_from_nothing() -> None:
    settings, places = recover({}, [])
    assert isinstance(settings, Settings)
    assert set(places) == {("platform",), ("cluster",), ("pools",), ("models",), ("gateway",), ("tenants",)}


@pytest.mark.parametrize(
    ("path", "value"),
    [("cost", {"managed_apis": [{"name": "a", "usd_per_million_input_tokens": "cheap"}, {}, "b"]}),
     ("models[0].expected", {"output_tokens_per_second": 900}), ("models[0].resources", {}),
     ("models[0].autoscaling", {}),
     ("gateway.replicas", {}), ("tenants[0]", None), ("cluster.api_server.access", DROP)],
)  # fmt: skip
def test_what_a_section_lacks_is_recovered_without_findings_about_it(path: str, value: Any) -> None:
    loaded = config.load(changed({path: value}))
    assert loaded.settings is not None
    assert loaded.recovered
    errors = [found for found in assess(loaded, CATALOG).findings if found.severity == "error"]
    assert errors
    assert all(found.rule.startswith("CFG-") for found in errors), errors


def test_values_of_a_closed_list_come_from_the_schema() -> None:
    assert choices_at(("pools", 0, "capacity")) == ["on-demand", "spot"]
    assert choices_at(("pools", 0, "zones", 1)) == ["1", "2", "3"]
    assert choices_at(("pools", 0, "gpu", "driver")) == ["aks", "operator"]
    assert choices_at(("pools", 0, "name")) == []
    assert choices_at(("nothing",)) == []
    (found,) = config.load(changed({"pools[0].capacity": "sometimes"})).problems
    assert (found.message, found.fix) == (
        '"sometimes" is not one of `on-demand`, `spot`',
        "write one of `on-demand`, `spot`",
    )


def test_near_misses() -> None:
    assert closest("Regoin", ["region", "suffix"]) == ["region"]
    assert closest("size", ["vm_size", "sizes_of"], most=2) == ["sizes_of", "vm_size"]
    assert closest("xyz", ["region"]) == []
    assert did_you_mean("xyz", ["region"]) == ""
    assert did_you_mean("regoin", ["regions", "region"], most=2) == "did you mean `region` or `regions`?"
    assert nearest("xyz", ["b", "a"]) == "write one of `a`, `b`"
    assert nearest("xyz", []) == "write one of none"
