"""The templates of a Secret that External Secrets renders, as far as they are simulated.

Simulated are `trim`, `filterPEM`, and `with` that has an `else` in which the template fails.

Source: external-secrets/external-secrets v2.9.0 runtime/template/v2/template.go (`execute`: Go's text/template over the
values as strings), runtime/template/v2/sprig/functions.go (`trim` is Go's strings.TrimSpace) and
runtime/template/v2/pem.go (`filterPEM`); text/template's page for `with`, which takes its `else` for an empty string.
Any other expression is refused.
"""

import base64
import binascii
import re
import textwrap
from collections.abc import Mapping
from typing import Final

_EXPRESSION: Final = re.compile(r"\{\{(.*?)\}\}")
_TRIM: Final = re.compile(r'index \. "([^"]+)" \| trim')
_FILTER: Final = re.compile(r'\.(\w+) \| filterPEM "([^"]+)"')
_NOT_EMPTY: Final = re.compile(r'\{\{ with (.*?) \}\}\{\{ \. \}\}\{\{ else \}\}\{\{ fail "([^"]*)" \}\}\{\{ end \}\}')
_BLOCK: Final = re.compile(
    r"^-----BEGIN ([^-\n]+)-----[ \t\r]*\n(.*?)^-----END \1-----[ \t\r]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_PEM_COLUMNS: Final = 64


class TemplateError(Exception):
    """A template that can't be rendered with these values."""


def rendered(text: str, values: Mapping[str, str]) -> str:
    """One entry of a template's `data`.

    Raises:
        TemplateError: the values don't suit the template.
        NotImplementedError: it says something that is not simulated.

    """
    if wanted := _NOT_EMPTY.fullmatch(text):
        value = _evaluated(wanted[1], values)
        if not value:
            raise TemplateError(wanted[2])
        return value
    return _EXPRESSION.sub(lambda found: _evaluated(found[1].strip(), values), text)


def _evaluated(expression: str, values: Mapping[str, str]) -> str:
    if trim := _TRIM.fullmatch(expression):
        # `index` answers with the empty string for a key that a map of strings lacks.
        return values.get(trim[1], "").strip()
    if chosen := _FILTER.fullmatch(expression):
        if chosen[1] not in values:
            raise TemplateError(f"map has no entry for key {chosen[1]}")
        return _filter_pem(chosen[2], values[chosen[1]])
    raise NotImplementedError(f"template of External Secrets: {{{{ {expression} }}}}")


def _filter_pem(kind: str, text: str) -> str:
    """The blocks of one type, encoded again; nothing where all are of other types, an error without any block."""
    # A block that Go can't decode ends nothing: pem.Decode goes on behind it.
    found = [(match[1], _decoded(match[2])) for match in _BLOCK.finditer(text)]
    chosen = [content for type_, content in found if content is not None and type_.casefold() == kind.casefold()]
    rest = text[max((match.end() for match in _BLOCK.finditer(text)), default=0) :]
    if not chosen and rest:
        raise TemplateError("error filtering pem: found junk")
    return "".join(pem(kind, content) for content in chosen)


def pem(kind: str, content: bytes) -> str:
    """A block as Go's pem.Encode writes it."""
    lines = textwrap.wrap(base64.b64encode(content).decode(), _PEM_COLUMNS)
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def _decoded(text: str) -> bytes | None:
    if ":" in text:
        raise NotImplementedError("a PEM block with headers")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return None
