"""One stack of the project, ready for operations: where it is, how it is signed in to, and what its CLI refuses."""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pulumi import automation
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from config.document import DocumentError, read
from operate.cli import Cli
from operate.problems import CannotOperateError, LockedError
from reading.texts import STACK_FILE_BYTES, FileRefusedError, text_of

PROJECT: Final = Path(__file__).resolve().parent.parent
_SETTINGS: Final = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}
_NOT_READ: Final = automation.UpdateSummary("", datetime.min.replace(tzinfo=UTC), "", {}, {}, "")
# A line of the backend's message about locks (pkg/backend/diy/lock.go, checkForLock).
_HOLDER: Final = re.compile(r"created by .*")
# What the CLI writes where it can't begin, and what to do.
_REFUSALS: Final = (
    (
        r"passphrase must be set|incorrect passphrase",
        "the stack's secrets can't be opened: no passphrase, or a wrong one",
        (
            "set PULUMI_CONFIG_PASSPHRASE_FILE to a file with it, or move the stack to a key: pulumi stack "
            "change-secrets-provider 'azurekeyvault://…' (docs/operating.md)"
        ),
    ),
    (
        r"PULUMI_ACCESS_TOKEN must be set|not logged in|no credentials",
        "Pulumi is signed in to no state",
        "run: pulumi login 'azblob://CONTAINER?storage_account=ACCOUNT', or set PULUMI_BACKEND_URL",
    ),
    (
        r"DefaultAzureCredential|AuthorizationPermissionMismatch|InvalidAuthenticationInfo",
        "Azure refuses the sign-in to the state or to the key of its secrets",
        (
            "sign in with az login; who runs `up` needs Storage Blob Data Contributor on the state and Key Vault "
            "Crypto User on the key (docs/operating.md)"
        ),
    ),
    (
        r"no such file or directory.*state|unable to open bucket|could not list bucket",
        "the place of the state can't be opened",
        "compare `pulumi whoami --verbose` with the state's address: pulumi login 'azblob://…'",
    ),
)


class Stack(automation.Stack):
    """A stack that exists. It isn't selected: a later `pulumi destroy` must not meet another one than before.

    After an operation the Automation API reads all outputs, opened secrets among them: here they are not read.
    """

    def __init__(self, name: str, workspace: automation.Workspace) -> None:
        self.name, self.workspace = name, workspace
        self.begun: list[str] = []
        """What has begun that changes the state or the clouds, such as refresh and up, in its order."""

    def outputs(self) -> automation.OutputMap:
        """Nothing: `exported` of `operate.state` has what a stack exports."""
        return {}

    def info(self, show_secrets: bool = False) -> automation.UpdateSummary:
        """Nothing: `operate.state` has how the last update ended."""
        del show_secrets
        return _NOT_READ

    @contextmanager
    def beginning(self, operation: str) -> Generator[None]:
        """Within it, something begins that changes the state or the clouds, unless it is refused."""
        self.begun.append(operation)
        try:
            yield
        except CannotOperateError:
            self.begun.pop()
            raise

    def ask(self, *arguments: str) -> str:
        """Standard output of a CLI command about this stack.

        Raises:
            CommandError: it failed.
        """
        command = [*arguments, "--stack", self.name]
        return self.workspace.pulumi_command.run(command, self.workspace.work_dir, self.workspace.env_vars).stdout

    @property
    def file(self) -> Path:
        """The stack file."""
        return Path(self.workspace.work_dir) / f"Pulumi.{self.name}.yaml"

    def feed(self, text: str, *arguments: str) -> None:
        """Run a CLI command that reads a secret from its standard input: an argument would be in the list of processes.

        Raises:
            CommandError: it failed.
        """
        cli = self.workspace.pulumi_command
        if not isinstance(cli, Cli):
            raise TypeError("a secret is fed to the CLI alone")
        with cli.fed(text):
            self.ask(*arguments)


def opened(name: str, project: Path | None = None, environment: Mapping[str, str] = os.environ) -> Stack:
    """A stack of the project in a folder, this checkout unless another is given.

    Raises:
        CannotOperateError: there is no CLI, it is too old, or nobody is signed in; or there is no such stack.
    """
    project = project or PROJECT
    if not (project / "Pulumi.yaml").is_file():
        raise CannotOperateError(f"{project} has no Pulumi.yaml", "run it from a checkout of llm-platform")
    _require_sign_in_to_secrets(name, project, environment)
    workspace = automation.LocalWorkspace(
        work_dir=str(project), env_vars=dict(_SETTINGS), pulumi_command=Cli(), secrets_provider=None
    )
    return Stack(name, workspace)


def _require_sign_in_to_secrets(name: str, project: Path, environment: Mapping[str, str]) -> None:
    """A stack whose secrets a passphrase protects needs it: the CLI would wait for it at a terminal, or fail late."""
    try:
        written: Any = read(text_of(project / f"Pulumi.{name}.yaml", STACK_FILE_BYTES)).value
    except (FileRefusedError, DocumentError):
        return
    by_key = isinstance(written, dict) and written.get("secretsprovider", "passphrase") != "passphrase"
    salted = isinstance(written, dict) and "encryptionsalt" in written
    given = any(environment.get(f"PULUMI_CONFIG_PASSPHRASE{end}") is not None for end in ("", "_FILE"))
    if salted and not by_key and not given:
        _, message, fix = _REFUSALS[0]
        raise CannotOperateError(message, fix)


@contextmanager
def refusals(stack: str) -> Generator[None]:
    """Turn what the CLI refuses before it begins into what to do.

    Raises:
        LockedError: the stack is locked.
        CannotOperateError: there is no such stack, nobody is signed in, or its secrets can't be opened.
        CommandError: anything else; the operation began and failed.
    """
    try:
        yield
    except StackNotFoundError as error:
        raise CannotOperateError(
            f"the state has no stack {stack}",
            f"make it once, with the key of its secrets: pulumi stack select --create {stack} --secrets-provider "
            "'azurekeyvault://VAULT.vault.azure.net/keys/KEY' (docs/operating.md)",
        ) from error
    except ConcurrentUpdateError as error:
        raise LockedError(stack, tuple(_HOLDER.findall(str(error)))) from error
    except CommandError as error:
        for pattern, message, fix in _REFUSALS:
            if re.search(pattern, str(error)):
                raise CannotOperateError(message, fix) from error
        raise
