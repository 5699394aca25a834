"""YAML text for files that other programs read: equal values give equal text, since names contain the text's hash.

Mappings keep their order, lists are indented below their key, and nothing is folded at any width. Text is plain where
YAML reads it back as the same text; `Quoted` and `Inline` choose the other spelling.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

# The largest width that libyaml takes.
_UNLIMITED = 2**31 - 1


class Quoted(str):
    """Text in double quotes, also where plain text would do: for parsers that guess types."""

    __slots__ = ()


class Inline(list[Any]):
    """A list on one line, in brackets."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's own signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True


# PyYAML is built without libyaml where that is not installed.
_FASTEST: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _LineDumper(_FASTEST):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True


def _quoted(dumper: Any, text: Quoted) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


def _inline(dumper: Any, items: Inline) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


for kind in (_Dumper, _LineDumper):
    kind.add_representer(Quoted, _quoted)
    kind.add_representer(Inline, _inline)


def dump(value: Any) -> str:
    """Plain values, mappings and lists as a YAML document that ends with a line break.

    Raises:
        yaml.representer.RepresenterError: something in `value` is not a plain value.
    """
    return _text(value, _Dumper)


def dump_lines(values: Mapping[str, Any]) -> str:
    """The same for a mapping of scalars and `Inline` lists, one key a line: libyaml writes it, five times as fast.

    Libyaml doesn't indent a list below its key, hence the limit.

    Raises:
        yaml.representer.RepresenterError: something in `values` is not a plain value.
    """
    return "".join(
        _text({name: value}, _LineDumper) if isinstance(value, Inline) else _line(name, value)
        for name, value in values.items()
    )


# Most options are equal in every model of a stack. By type, since 1, 1.0 and true are equal keys to Python.
@lru_cache(maxsize=1024, typed=True)
def _line(name: str, value: Any) -> str:
    return _text({name: value}, _LineDumper)


def _text(value: Any, dumper: type[Any]) -> str:
    return yaml.dump(
        value, Dumper=dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_UNLIMITED
    )
