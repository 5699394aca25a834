"""The shipped stacks and the examples as graphs of the embedded engine, whole or with one thing changed."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from config.stackfile import parse
from preview.engine import Graph, preview
from tests.graph.trial_stacks import TRIALS, Sections, Trial
from tests.stack_files import ALL, EXAMPLES, ROOT, STACKS, stack_file, strings

__all__ = [
    "ALL", "EXAMPLES", "ROOT", "STACKS", "TRIALS", "WITH_TRIALS", "Sections", "by_urn", "entries_of", "graph",
    "graph_of", "is_azure", "is_kubernetes", "sections_of", "stack_file", "strings",
]  # fmt: skip
Entry = dict[str, Any]
# Those with options that no shipped stack has come first: a change is usually seen in them.
WITH_TRIALS = (*TRIALS, *ALL)


def sections_of(stack: str) -> Sections:
    """The sections of a stack file, to change at will, or of a trial stack."""
    trial = _trial(stack)
    sections = deepcopy(parse(stack_file(trial.base).read_text(encoding="utf-8")).sections)
    trial.change(sections)
    return sections


def _trial(stack: str) -> Trial:
    return TRIALS.get(stack) or Trial(stack, lambda _: None)


def graph_of(stack: str, change: Callable[[Sections], object] | None = None, secrets: Mapping[str, str] = {}) -> Graph:
    """The graph of a stack, after `change` has edited its sections; `secrets` are set beside them."""
    sections = sections_of(stack)
    if change is not None:
        change(sections)
    settings = {f"llm-platform:{name}": json.dumps(value) for name, value in sections.items()}
    trial = _trial(stack)
    hidden = {f"llm-platform:{name}": value for name, value in {**trial.secrets, **secrets}.items()}
    return preview(
        ROOT / "__main__.py",
        project="llm-platform",
        stack=trial.base,
        config={**settings, **hidden},
        secret_keys=list(hidden),
    )


@cache
def graph(stack: str) -> Graph:
    """The unchanged stack, previewed once."""
    return graph_of(stack)


@cache
def entries_of(stack: str) -> tuple[Entry, ...]:
    """The unchanged stack's resources as the preview's JSON lists them."""
    return tuple(graph(stack).to_json())


def by_urn(entries: Any) -> dict[str, Entry]:
    """Resources under their URNs."""
    return {entry["urn"]: entry for entry in entries}


def is_kubernetes(entry: Entry) -> bool:
    """Whether the resource is an object in the cluster (the provider itself is not)."""
    return entry["type"].startswith("kubernetes:")


def is_azure(entry: Entry) -> bool:
    """Whether the resource is Azure's."""
    return entry["type"].startswith("azure-native:")
