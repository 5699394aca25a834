"""Keeps a pipeline signed in to Azure for as long as a command runs.

A pipeline's token is valid for minutes and what Entra ID gives for it for an hour; an update may take many. Whoever
reads `AZURE_FEDERATED_TOKEN_FILE` reads it again for each new sign-in: kubelogin, Pulumi's backend and its Key Vault
(azidentity, WorkloadIdentityCredential), and the Azure provider where it uses the same credential
(`ARM_USE_DEFAULT_AZURE_CREDENTIAL`). The provider's own `ARM_USE_OIDC` reads a file once, at its start
(pulumi-azure-native, provider/pkg/provider/auth_azidentity.go, newOidcCredential): that sign-in ends after an hour.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from pipelines.hosts import Host, NoHostError, RefusedError

# GitHub's tokens are valid for ten minutes at least, those of Azure Pipelines too.
EVERY_SECONDS = 240.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM)


def signed_in(
    command: Sequence[str],
    where: Host,
    environment: Mapping[str, str] = os.environ,
    *,
    every_seconds: float = EVERY_SECONDS,
) -> int:
    """Run a command and return its exit code; its token is a file of its own, which is removed afterwards.

    A signal that ends the pipeline goes to the command, once: Pulumi then ends what it is at and saves the state.
    """
    with tempfile.TemporaryDirectory(prefix="sign-in-") as folder:
        file = Path(folder) / "token"
        _write(file, where.token())
        ended = threading.Event()
        refreshing = threading.Thread(target=_refresh, args=(file, where, ended, every_seconds), daemon=True)
        refreshing.start()
        try:
            signed = {"AZURE_FEDERATED_TOKEN_FILE": str(file), **_PROVIDER}
            return _run(command, {**environment, **_tools(environment), **signed})
        finally:
            ended.set()
            refreshing.join()


# The Azure provider then signs in as the backend does, by the file.
_PROVIDER = {"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true", "ARM_USE_OIDC": "false"}


def _tools(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The search path with what `make runner` installs: Pulumi and kubelogin, beside Python."""
    return {"PATH": os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))}


def _refresh(file: Path, where: Host, ended: threading.Event, every_seconds: float) -> None:
    while not ended.wait(every_seconds):
        try:
            _write(file, where.token())
        except (RefusedError, NoHostError, OSError) as error:
            # The token that is there may be valid for some minutes more: the next try comes before.
            print(f"the sign-in could not be renewed, trying again: {error}", file=sys.stderr)


def _write(file: Path, token: str) -> None:
    """All of the token or nothing, for the owner alone."""
    new = file.with_name("token.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(token)
    new.replace(file)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    # A process group of its own: a terminal's or runner's signal to the group would reach the command twice.
    process = subprocess.Popen(command, env=dict(environment), start_new_session=True)
    forwarded: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        # To all that the command has started, and once: Pulumi takes a second one for the wish to end at once.
        del frame
        if not forwarded:
            forwarded.append(number)
            os.killpg(process.pid, signal.SIGINT)

    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
