"""From the text of a stack file to a Plan, or to everything that keeps it from being one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import catalog
import config
from config import Finding, in_order, stackfile
from planning import Plan, assess

NAMESPACE = "llm-platform"
# What Pulumi accepts as the name of a stack; it becomes part of a file's name and of every URN.
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# Stands for the secrets that the CLI keeps encrypted; the engine shows secrets as such, never their value.
_PLACEHOLDER = "placeholder of a secret that a preview cannot and need not decrypt"


@dataclass(frozen=True, slots=True)
class Assessed:
    """A stack file that was read and judged; `plan` is None where a finding is an error."""

    plan: Plan | None
    findings: tuple[Finding, ...]
    settings: Mapping[str, str]
    secret_keys: tuple[str, ...]


def assessed(text: str) -> Assessed:
    """Read and plan a stack file; what is wrong with it becomes findings, all at once, and nothing is raised.

    `settings` of the result is the configuration as Pulumi hands it to a program: objects as JSON, the secrets named
    by `secret_keys` with a placeholder for their value.
    """
    read = stackfile.parse(text)
    loaded = config.load(read.sections, read.problems)
    planned = assess(loaded, catalog.load(), bootstrap=read.secrets)
    secret_keys = tuple(f"{NAMESPACE}:{name}" for name in read.secrets)
    settings = {f"{NAMESPACE}:{name}": _as_pulumi_does(value) for name, value in read.sections.items()}
    return Assessed(
        planned.plan, planned.findings, {**settings, **dict.fromkeys(secret_keys, _PLACEHOLDER)}, secret_keys
    )


def rejected(*findings: Finding) -> Assessed:
    """A stack whose file could not even be read."""
    return Assessed(None, in_order(list(findings)), {}, ())


def name_problem(stack: str) -> Finding | None:
    """Why this can't be the name of a stack, if it can't."""
    if _STACK_NAME.fullmatch(stack):
        return None
    return Finding(
        "error", "CFG-STACK-NAME", stack, f"{stack!r} is not the name of a stack",
        "use letters, digits, `-`, `_` and `.`, 100 at most; for a stack file elsewhere add --config FILE",
    )  # fmt: skip


def _as_pulumi_does(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
