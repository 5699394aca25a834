"""What time does to a stack that nobody changes: certificates, prices, versions and tags. Each is one issue."""

import difflib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from policy.configuration import parse

ROOT = Path(__file__).resolve().parent.parent
_CONNECT_SECONDS = 30
_CHECK_SECONDS = 300
_REGISTRIES_SECONDS = 1500
_DIGESTS = "catalog/digests.yaml"


def certificate_days(name: str, port: int = 443, trusted: ssl.SSLContext | None = None) -> int | str:
    """Days until the certificate that a server shows ends, or why it is none that a client takes.

    Raises:
        OSError: the server can't be reached.
    """
    context = trusted or ssl.create_default_context()
    try:
        with (
            socket.create_connection((name, port), timeout=_CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=name) as encrypted,
        ):
            shown = encrypted.getpeercert() or {}
    except ssl.SSLError as error:
        return str(error)
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    return (ends - datetime.now(UTC)).days


def findings(stack: str, rules: Sequence[str], root: Path = ROOT) -> list[str] | None:
    """The findings of some rules about a stack, a Markdown line each; None where the stack can't be checked."""
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        file = Path(folder) / "check.json"
        command = [sys.executable, "-m", "cli", "check", stack, "--json", str(file)]
        subprocess.run(command, cwd=root, check=False, capture_output=True, timeout=_CHECK_SECONDS)
        if not file.is_file():
            return None
        found = json.loads(file.read_text(encoding="utf-8"))["findings"]
    return [f"- `{each['rule']}` {each['message']} → {each['fix']}" for each in found if each["rule"] in rules]


def policy_findings(file: Path) -> list[str]:
    """What is wrong with a configuration of policies, a Markdown line each: exceptions that ended are among it."""
    _, found = parse(file.read_text(encoding="utf-8"), datetime.now(UTC).date().isoformat())
    return [f"- `{each.rule}` {file.name}: {each.message} → {each.fix}" for each in found]


def pins(root: Path = ROOT, options: Sequence[str] = ()) -> str:
    """What the registries say today of the pinned charts and images, as Markdown: what to look at, and the change.

    Nothing is written in the checkout; empty where every pin is as it was. `options` are those of
    `llm-platform pins --resolve`, such as `--registry`.

    Raises:
        RuntimeError: the pins can't be read.
    """
    before = (root / _DIGESTS).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="pins-") as folder:
        file = Path(shutil.copy(root / _DIGESTS, folder))
        command = [sys.executable, "-m", "cli", "pins", "--resolve", "--file", str(file), *options]
        done = subprocess.run(
            command, cwd=root, check=False, capture_output=True, text=True, timeout=_REGISTRIES_SECONDS
        )
        after = file.read_text(encoding="utf-8")
    if not done.stdout:
        raise RuntimeError(f"pins --resolve ended with {done.returncode}: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    wrong = [line for line in lines if " moved: " in line or ": no digest: " in line]
    change = "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), _DIGESTS, _DIGESTS, lineterm=""))
    if not wrong and not change:
        return ""
    parts = [lines[-1], *(f"- {line}" for line in wrong)]
    if change:
        parts += ["", "`llm-platform pins --resolve` writes:", "", "```diff", change, "```"]
    return "\n".join(parts) + "\n"


def upgrades(stack: str, root: Path = ROOT) -> str | None:
    """Verdicts on moves to newer versions, as Markdown; empty where nothing moves, None where there is no verdict."""
    with tempfile.TemporaryDirectory(prefix="upgrade-") as folder:
        file = Path(folder) / "upgrade.json"
        command = [sys.executable, "-m", "cli", "upgrade", stack, "--json", str(file)]
        done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True, timeout=_CHECK_SECONDS)
        if not file.is_file():
            return None
        verdicts = json.loads(file.read_text(encoding="utf-8"))
    if verdicts["moves"]:
        return f"```\n{done.stdout.rstrip()}\n```\n"
    return None if any(each["severity"] == "error" for each in verdicts["findings"]) else ""
