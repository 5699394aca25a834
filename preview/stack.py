"""From the text of a stack file to a Plan, or to all findings that prevent one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

import catalog
import config
from catalog import Catalog
from config import Finding, Loaded, blocking, in_order, stackfile
from config.keyrings import keyring_problems
from config.model_files import with_model_files
from config.positions import Positions
from config.stackfile import StackFile
from planning import Plan, assess

PROJECT = Path(__file__).resolve().parent.parent
NAMESPACE = "llm-platform"
# Placeholder of the secrets that the CLI keeps encrypted; the engine marks secrets and never shows their value.
_PLACEHOLDER = "placeholder of a secret that a preview cannot and need not decrypt"


class Assessed(Struct, frozen=True):
    """A stack file that was read and checked; `plan` is None where a finding is an error.

    `file` has the content of the files that the stack file names in its sections; `loaded` is what became of these.
    """

    plan: Plan | None
    findings: tuple[Finding, ...]
    file: StackFile
    loaded: Loaded

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys of `settings` that are secret."""
        return tuple(f"{NAMESPACE}:{name}" for name in self.file.secrets)

    @property
    def settings(self) -> Mapping[str, str]:
        """The configuration as Pulumi passes it to a program: objects as JSON, a placeholder for each secret."""
        sections = {f"{NAMESPACE}:{name}": _as_pulumi_does(value) for name, value in self.file.sections.items()}
        return {**sections, **dict.fromkeys(self.secret_keys, _PLACEHOLDER)}

    @property
    def environment(self) -> str:
        """What the stack file says the stack is for; `prod` where it can't be read."""
        return "prod" if self.loaded.settings is None else self.loaded.settings.platform.environment

    def with_problems(self, *problems: Finding) -> "Assessed":
        """The same stack with further problems, which reject it where one is an error."""
        if blocking(problems):
            return self.rejected_for(*problems)
        return replace(self, findings=in_order([*self.findings, *problems]))

    def rejected_for(self, *problems: Finding) -> "Assessed":
        """The same stack with further problems, so that it is not built; unchanged where there are none."""
        if not problems:
            return self
        return replace(self, plan=None, findings=in_order([*self.findings, *problems]))


def assessed(text: str, today: str | None = None, folder: Path = PROJECT, facts: Catalog | None = None) -> Assessed:
    """Read and plan a stack file; all problems become findings, and nothing is raised.

    `folder` is the stack file's own, where the files that it names are found. By `today`, an ISO date, the age of
    prices and the end of support are judged; the Plan doesn't depend on it. `facts` take the place of this
    program's catalog.
    """
    file = stackfile.parse(text)
    file = replace(file, sections=with_model_files(file.sections, folder))
    loaded = config.load(file.sections, (*file.problems, *keyring_problems(file.sections, folder)))
    planned = assess(loaded, facts or catalog.load(), bootstrap=file.secrets, today=today)
    return Assessed(planned.plan, file.positions.located(planned.findings), file, loaded)


def unreadable(*problems: Finding) -> Assessed:
    """A stack whose file could not be read."""
    return Assessed(None, in_order(list(problems)), StackFile({}, (), (), Positions(), ""), Loaded(None, ()))


def _as_pulumi_does(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
