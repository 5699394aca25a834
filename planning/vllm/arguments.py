"""The command line of one vLLM server, as words and as the file that is deployed."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from planning import yaml_text


class CommandLine(Struct, frozen=True):
    """What `vllm serve` is started with.

    `source` is what it loads; `options` are by name without dashes, a switch as true.
    """

    source: str
    options: Mapping[str, Any]

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of `vllm serve`."""
        words = [self.source]
        for name, value in self.options.items():
            words.append(f"--{name}")
            if value is True:
                continue
            words += [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
        return tuple(words)

    @property
    def file(self) -> str:
        """The YAML file that `vllm serve --config` reads, one option a line; JSON values are quoted text."""
        return yaml_text.dump_lines({name: _styled(value) for name, value in self.options.items()})


def _styled(value: Any) -> Any:
    """Text in quotes, since vLLM's reader would take `on` or `1e5` for something else; mappings as JSON."""
    if isinstance(value, list):
        return yaml_text.Inline(_styled(item) for item in value)
    if isinstance(value, dict):
        return yaml_text.Quoted(json.dumps(value, sort_keys=True))
    return yaml_text.Quoted(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
