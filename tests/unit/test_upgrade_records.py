"""The records of moves: dated, with a source, about parts that exist, and refused where they are not."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from catalog import CatalogError
from catalog.upgrades import read, upgrades

CATALOG = catalog.load()
FILE = Path(catalog.__file__).with_name("upgrades.yaml")
CONTENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
KINDS = {"package", "kubernetes", "chart", "driver", "image", "vllm"}
# `kubectl` is an image of the catalog, the others are packages.
PARTS = {"kubernetes", "driver", "vllm", "kubectl", "pulumi-azure-native", *CATALOG.charts}


def test_every_record_is_about_a_part_of_the_platform() -> None:
    records = upgrades()
    assert {each.part for each in (*records.moves, *records.steps, *records.skews)} <= PARTS
    assert {each.of for each in records.skews} <= PARTS
    assert {part for each in records.order for part in (each.first, each.then)} <= PARTS | KINDS


def test_every_kind_of_verdict_and_the_four_paths_are_recorded() -> None:
    records = upgrades()
    assert {each.verdict for each in records.moves} == {"safe", "manual", "blocked"}
    paths = {each.part for each in (*records.moves, *records.steps)}
    assert {"kubernetes", "driver", "gateway-helm", "ai-gateway-helm"} <= paths


def test_what_is_manual_or_blocked_says_what_to_do() -> None:
    assert [each.part for each in upgrades().moves if each.verdict != "safe" and each.do is None] == []


def test_no_record_is_younger_than_its_file() -> None:
    records = upgrades()
    assert max(each.as_of for each in (*records.moves, *records.steps, *records.skews)) <= records.as_of


def changed(edit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    content = deepcopy(CONTENT)
    edit(content)
    return content


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "without a source": (lambda content: content["moves"][0].pop("source"), "moves[0]: object missing required field"),
    "with an empty source": (lambda content: content["moves"][1].update(source=""), "moves[1], field `source`"),
    "without a date": (lambda content: content["moves"][0].pop("as_of"), "moves[0]: object missing required field"),
    "with a date that is none": (lambda content: content["steps"][0].update(as_of="soon"), "steps[0], field `as_of`"),
    "with a verdict that is none": (
        lambda content: content["moves"][2].update(verdict="probably"), "moves[2], field `verdict`",
    ),
    "with a verdict of unknown": (
        lambda content: content["moves"][2].update(verdict="unknown"), "moves[2], field `verdict`",
    ),
    "with an unknown field": (lambda content: content["moves"][0].update(whom="me"), "moves[0]"),
    "with a version as a number": (
        lambda content: content["moves"][0].update(to={"first": 26.7}), "moves[0], field `to.first`",
    ),
    "without a reason": (lambda content: content["steps"][1].pop("why"), "steps[1]: object missing required field"),
    "with steps of three numbers": (lambda content: content["steps"][0].update(digits=3), "steps[0], field `digits`"),
    "with an owner of the driver that is none": (
        lambda content: content["moves"][0].update(driver="me"), "moves[0], field `driver`",
    ),
    "with a skew below none": (lambda content: content["skews"][0].update(minors=-1), "skews[0], field `minors`"),
    "with moves that are no list": (lambda content: content.update(moves={}), "`moves`: expected a list"),
    "without an order": (lambda content: content.pop("order"), "`order`: expected a list"),
    "with a circle": (
        lambda content: content["order"].append({"first": "vllm", "then": "gpu-operator", "why": "x", "source": "x"}),
        "`order`: gpu-operator before driver before vllm before gpu-operator, a circle",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_record_is_refused_with_its_place(edit: Callable[[dict[str, Any]], Any], expected: str) -> None:
    with pytest.raises(CatalogError, match=f"^upgrades.yaml, {re.escape(expected)}"):
        read(changed(edit))


def test_a_file_that_with_a_list_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"expected a mapping with moves, steps, skews"):
        read(["moves"])
