"""From the text of a stack file to a Plan, or to everything that keeps it from being one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from config import Finding, in_order
from planning import Plan, check
from planning.command_line import PROJECT

NAMESPACE = "llm-platform"
# Stands for the secrets that the CLI keeps encrypted; the engine shows secrets as such, never their value.
_PLACEHOLDER = "placeholder of a secret that a preview cannot and need not decrypt"


class Assessed(Struct, frozen=True):
    """A stack file that was read and judged; `plan` is None where a finding is an error."""

    plan: Plan | None
    findings: tuple[Finding, ...]
    settings: Mapping[str, str]
    secret_keys: tuple[str, ...]


def assessed(text: str, today: str | None = None, folder: Path = PROJECT) -> Assessed:
    """Read and plan a stack file; what is wrong with it becomes findings, all at once, and nothing is raised.

    `folder` is the stack file's own, where the files that it names are found. By `today`, an ISO date, the age of
    prices is judged; the Plan doesn't depend on it.
    `settings` of the result is the configuration as Pulumi hands it to a program: objects as JSON, the secrets named
    by `secret_keys` with a placeholder for their value.
    """
    file, planned = check.read(text, today, folder)
    secret_keys = tuple(f"{NAMESPACE}:{name}" for name in file.secrets)
    settings = {f"{NAMESPACE}:{name}": _as_pulumi_does(value) for name, value in file.sections.items()}
    return Assessed(
        planned.plan, planned.findings, {**settings, **dict.fromkeys(secret_keys, _PLACEHOLDER)}, secret_keys
    )


def rejected(*findings: Finding) -> Assessed:
    """A stack whose file could not even be read."""
    return Assessed(None, in_order(list(findings)), {}, ())


def _as_pulumi_does(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
