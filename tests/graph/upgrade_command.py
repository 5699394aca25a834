"""Runs `llm-platform upgrade` in this process, and writes the files that it is given."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.app import main

REPOSITORY = Path(__file__).resolve().parents[2]
DEV = (REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def verdicts(self) -> dict[str, str]:
        return {move["name"]: move["verdict"] for move in self.document["moves"]}


def run(*arguments: str, day: str = "1796000000") -> Outcome:
    """The outcome on a day, in seconds since 1970: 2026-11-30 unless another is given."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "120")
        patch.setenv("SOURCE_DATE_EPOCH", day)
        code = main(arguments)
    return Outcome(code, printed.getvalue())


def file(folder: Path, text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "Pulumi.changed.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)
