"""Taints and ids of virtual networks are read once and print back as written; names are in letters of ASCII."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import changed

import config
from config.base import TAINT_PATTERN, VNET_PATTERN, Taint, VnetId
from config.settings import Settings


@given(st.from_regex(TAINT_PATTERN.replace("$", r"\Z"), alphabet=st.characters(max_codepoint=126)))
def test_a_taint_prints_back_as_it_was_written(text: str) -> None:
    assert str(Taint.parse(text)) == text


@given(st.from_regex(VNET_PATTERN.replace("$", r"\Z"), alphabet=st.characters(max_codepoint=126)))
def test_an_id_of_a_network_prints_back_as_it_was_written(text: str) -> None:
    assert str(VnetId.parse(text)) == text


def _vnet(group: str, name: str) -> list[str]:
    network = (
        f"/subscriptions/00000000-0000-4000-8000-000000000002/resourceGroups/{group}"
        f"/providers/Microsoft.Network/virtualNetworks/{name}"
    )
    found = config.load(changed({"cluster.api_server": {"access": "private", "runner_vnet": network}})).problems
    return [finding.path for finding in found]


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("rg runners", "runners"),
        ("rg-runners.", "runners"),
        ("rg%20runners", "runners"),
        ("rg&runners", "runners"),
        ("rg-\N{PARTY POPPER}", "runners"),
        ("g" * 91, "runners"),
        ("ops", "my runners"),
        ("ops", "-runners"),
        ("ops", "runners-"),
        ("ops", "runners."),
        ("ops", "r"),
        ("ops", "r" * 65),
        ("ops", "r(1)"),
        ("ops", "l\N{LATIN SMALL LETTER A WITH DIAERESIS}ufer"),
    ],
)
def test_a_network_whose_names_azure_does_not_have(group: str, name: str) -> None:
    assert _vnet(group, name) == ["cluster.api_server.runner_vnet"]


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("g", "r1"),
        ("_rg.(runners)-1", "1_r.u-n_"),
        ("g" * 90, "r" * 64),
        ("rg-gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}e", "runners"),
    ],
)
def test_a_network_whose_names_azure_has(group: str, name: str) -> None:
    assert _vnet(group, name) == []


def test_the_stack_file_gives_typed_values() -> None:
    network = (
        "/subscriptions/00000000-0000-4000-8000-000000000002/resourceGroups/ops"
        "/providers/Microsoft.Network/virtualNetworks/runners"
    )
    settings = config.load(
        changed(
            {
                "pools[0].taints": ["team=research:NoExecute"],
                "cluster.api_server": {"access": "private", "runner_vnet": network},
            }
        )
    ).settings
    assert settings is not None
    assert settings.pools[0].taints == (Taint("team", "research", "NoExecute"),)
    runner = settings.cluster.api_server.runner_vnet
    assert runner == VnetId("00000000-0000-4000-8000-000000000002", "ops", "runners")
    assert str(runner) == network
    assert settings.model_dump(mode="json")["cluster"]["api_server"]["runner_vnet"] == network
    assert settings.pools[0].model_dump(mode="json")["taints"] == ["team=research:NoExecute"]


@pytest.mark.parametrize("value", ["team", "team=research", "team=research:Never", "=a:NoSchedule", None, ["a"]])
def test_another_form_is_refused_with_the_form_to_write(value: object) -> None:
    (found,) = config.load(changed({"pools[0].taints": [value]})).problems
    assert (found.rule, found.path) == ("CFG-VALUE", "pools[0].taints[0]")
    assert "key=value:NoSchedule" in found.fix


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("models[0].source", {"huggingface": "Qwén/Qwen3-8B", "revision": "0" * 40}),
        ("models[0].source", {"blob": "modèle"}),
        ("models[0].engine.version", "0.٣٣.0"),
        ("cluster", {"kubernetes": "1.٣٥"}),
        ("cluster", {"maintenance": {"day": "Sunday", "start": "0٣:00", "hours": 4, "utc_offset": "+00:00"}}),
        ("cost", {"managed_apis": [{"name": "prÿce"}]}),
    ],
)  # fmt: skip
def test_letters_and_digits_of_other_scripts(path: str, value: Any) -> None:
    found = config.load(changed({path: value})).problems
    assert any(finding.rule == "CFG-VALUE" and "has the wrong form" in finding.message for finding in found), found


def test_patterns_spell_out_their_characters() -> None:
    r"""`\w` would take letters of every script, which neither Azure nor Hugging Face takes in a name."""
    patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(Settings.model_json_schema()))
    assert len(patterns) > 15
    assert not [text for text in patterns if re.search(r"\\\\[wdsWDS]", text)]
