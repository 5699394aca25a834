"""What time does to a stack that nobody changes: certificates, prices and versions that end. Each is one issue."""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CONNECT_SECONDS = 30
_CHECK_SECONDS = 300


def certificate_days(name: str, port: int = 443, trusted: ssl.SSLContext | None = None) -> int | str:
    """Days until the certificate that a server shows ends, or why it is none that a client takes."""
    context = trusted or ssl.create_default_context()
    try:
        with (
            socket.create_connection((name, port), timeout=_CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=name) as encrypted,
        ):
            shown = encrypted.getpeercert() or {}
    except OSError as error:
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
