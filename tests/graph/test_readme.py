"""README's examples are what the tools print today."""

from preview.readme import PICTURE, README, picture, written


def test_examples_are_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "run `make golden` and read the difference"


def test_the_picture_is_current() -> None:
    assert picture() == PICTURE.read_text(encoding="utf-8"), "run `make golden` and look at it"
