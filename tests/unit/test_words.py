"""The list of words finds what it is meant to find, and leaves plain English alone."""

import pytest

from tests.words import ALLOWED, uses


def words(line: str, path: str = "planning/page.py") -> list[str]:
    return [use.word for use in uses(path, [line])]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("the price is not on file", "on file"),
        ("def test_what_is_told() -> None:", "told"),
        ("told = _run()", "told"),
        ("A sound situation is decided.", "sound situation"),
        ("2 Remarks", "Remarks"),
        ('columns = ("model", "at once")', "at once"),
        ("    there = pulumi.ResourceOptions()", "there ="),
        ("[one.name for one in pools]", "for one in"),
        ("1.5 is no share", "is no share"),
        ("a vLLM release before 0.33", "vLLM release"),
        ("def vllm_releases() -> None:", "vllm_releases"),
        ("the oldest release of vLLM", "release of vLLM"),
    ],
)
def test_listed_words_are_found(line: str, word: str) -> None:
    assert word in words(line)


@pytest.mark.parametrize(
    "line",
    [
        "an untold number of profiles on files",
        "requests at full context that must fit at once, and all of them in all zones",
        "is there == here",
        "images and sound",
        "always, sideways",
        "for one of the pools",
        "if release.vllm is None: return  # a release whose vLLM version is not in the catalog",
    ],
)
def test_plain_english_is_left_alone(line: str) -> None:
    assert words(line) == []


def test_names_of_files_are_read() -> None:
    assert words("", path="preview/remarks.py") == ["remarks"]


def test_allowed_uses_have_a_reason() -> None:
    assert all(ALLOWED.values())
