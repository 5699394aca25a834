"""Edits a stack file: its comments, its order and its style stay as they are."""

import difflib
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

# Wider than any line, so that none is broken.
_WIDTH = 1_000_000
# Indentation of lists below their key, and of what is in them: those that people and the Pulumi CLI write.
_STYLES = ((4, 2), (2, 0))
Edit = Callable[[CommentedMap], None]


def edited(text: str, edit: Edit) -> str:
    """The text with its sections (`config`) edited in place.

    Lines that the edit doesn't touch are unchanged where lists are indented as people or the Pulumi CLI do; otherwise
    their indentation is the first of these.
    """
    yaml = _like(text)
    content: Any = yaml.load(text)
    edit(content["config"])
    return _dumped(yaml, content)


def difference(before: str, after: str, name: str) -> str:
    """What an edit changes, as `diff -u` shows it, without the first two lines."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=1, lineterm="")
    return "\n".join(list(lines)[2:])


def _like(text: str) -> YAML:
    """A parser that writes a file as it was read."""
    return _parser(*_style_of(text))


# One file is edited again and again before one of the results is shown.
@lru_cache(maxsize=1)
def _style_of(text: str) -> tuple[int, int]:
    parsers = {style: _parser(*style) for style in _STYLES}
    return next((style for style, yaml in parsers.items() if _dumped(yaml, yaml.load(text)) == text), _STYLES[0])


def _parser(sequence: int, offset: int) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=sequence, offset=offset)
    return yaml


def _dumped(yaml: YAML, content: Any) -> str:
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()
