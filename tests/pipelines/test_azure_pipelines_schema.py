"""The files for Azure Pipelines keep Microsoft's own schema of them, which check-jsonschema brings.

The schema describes every value as text, as Azure Pipelines reads them: the files are read without numbers and
booleans. Names of jobs are judged with their parameters filled in.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from check_jsonschema.transforms.azure_pipelines import traverse_data

from tests.repository import ROOT

_FILES = sorted((ROOT / "azure-pipelines").glob("*.yml"))
_VALIDATOR = jsonschema.Draft7Validator(get_builtin_schema("vendor.azure-pipelines"))


def _errors(text: str) -> Iterator[str]:
    filled = text.replace("${{ stack }}", "dev")
    pipeline: Any = traverse_data(yaml.load(filled, yaml.BaseLoader))  # noqa: S506 - it makes texts, lists and mappings alone
    for error in _VALIDATOR.iter_errors(pipeline):
        deepest = jsonschema.exceptions.best_match([error])
        yield f"{deepest.json_path}: {deepest.message}"


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_pipeline_keeps_the_schema(file: Path) -> None:
    assert list(_errors(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("timeoutInMinutes:", "timoutInMinutes:"),
        ("displayName: install", "display: install"),
        ("lockBehavior: sequential", "lockBehavior: queued"),
        ("runOnce:", "once:"),
        ("task: UsePythonVersion@0", "task: UsePythonVersion"),
        ("environment: ${{ stack }}", "environments: ${{ stack }}"),
    ],
)
def test_a_broken_pipeline_does_not(before: str, after: str) -> None:
    text = (ROOT / "azure-pipelines" / "stack-update.yml").read_text(encoding="utf-8")
    assert before in text
    assert list(_errors(text.replace(before, after))) != []
