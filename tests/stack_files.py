"""The stack files that tests run on: the shipped ones and the examples. Imports nothing of the program."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("dev", "prod")
EXAMPLES = tuple(sorted(file.stem for file in (ROOT / "examples").glob("*.yaml")))
ALL = (*STACKS, *EXAMPLES)
_EDITS = ROOT / "tests" / "engine" / "recordings" / "edits.yaml"


def stack_file(stack: str) -> Path:
    """The file of a shipped stack or of an example."""
    return ROOT / "examples" / f"{stack}.yaml" if stack in EXAMPLES else ROOT / f"Pulumi.{stack}.yaml"


def strings(value: Any) -> list[str]:
    """Every string inside a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return []


def edits(stack: str) -> list[Mapping[str, Any]]:
    """What the current program requires of the stack file of an earlier version."""
    return [edit for edit in yaml.safe_load(_EDITS.read_text(encoding="utf-8")) if edit["stack"] in (stack, "all")]


def upgraded(text: str, stack: str) -> str:
    """The text of a recorded stack file with what the current program requires of it (recordings/edits.yaml)."""
    content = yaml.safe_load(text)
    for edit in edits(stack):
        section = f"llm-platform:{edit['section']}"
        if "moved_to" in edit:
            content["config"][f"llm-platform:{edit['moved_to']}"] = content["config"][section].pop(edit["key"])
        else:
            content["config"].setdefault(section, {}).setdefault(edit["key"], edit["value"])
    return yaml.safe_dump(content, sort_keys=False, width=1000)
