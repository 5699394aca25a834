"""The examples in README and docs/ equal the current output of the tools."""

from pathlib import Path

import pytest

from preview.readme import PAGES, PICTURE, blocks, picture, written

MOST_LINES = 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert written(text) == text, "run `make golden` and read the difference"


def test_every_example_is_on_exactly_one_page() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert {name: sum(f"<!-- {name} -->" in text for text in texts) for name in blocks()} == dict.fromkeys(blocks(), 1)
    assert all(any(f"<!-- {name} -->" in text for name in blocks()) for text in texts)


def test_readme_is_short() -> None:
    readme = next(page for page in PAGES if page.name == "README.md")
    assert len(readme.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, "move details to docs/"


def test_the_picture_is_current() -> None:
    assert picture() == PICTURE.read_text(encoding="utf-8"), "run `make golden` and look at it"
