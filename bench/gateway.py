"""Rows about the way of a request: a bare server, the same behind the gateway, and with content safety."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rows import Row

_ROOT = Path(__file__).parents[1]
_ROUNDS = 1000


def gateway_rows(console: Console) -> Iterator[Row]:
    """p50 and p99 in one run, taking turns; a row that says why where the real Envoy can't be had here.

    The guard answers at once: its own time comes on top. The AI gateway's processor isn't part of it.
    """
    sys.path.insert(0, str(_ROOT))
    from rehearsal.toolchain import ToolUnavailableError  # noqa: PLC0415  # only here
    from tests.oracles.envoy_gateway.judged import Judged  # noqa: PLC0415
    from tests.oracles.envoy_gateway.rig import Rig  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, console.status("requests through the gateway …"):
        try:
            rig = Rig(Path(folder))
        except ToolUnavailableError as error:
            yield Row(f"requests through the gateway: not measured, {str(error).splitlines()[0]}", "")
            return
        try:
            judged = Judged(rig, Path(folder))
            gateway = {"host": judged.host, "model": "chat"}
            routes = {
                "bare": {"address": "127.0.0.11"},
                "gateway": {**gateway, "key": judged.unjudged_key},
                "safety": {**gateway, "key": judged.key},
            }
            prompt = [{"role": "user", "content": "a question of some length " * 20}]
            body = {"model": "chat", "messages": prompt, "answer": [97] * 500}
            times = rig.run("latencies:measure", rounds=_ROUNDS, routes=routes, body=body)
        finally:
            rig.end()
    for name, label in (
        ("gateway", "through the gateway, no policy"),
        ("safety", "with content safety, prompt and answer judged"),
    ):
        for share, heading in (("0.5", "p50"), ("0.99", "p99")):
            ours, bare = times[name][share], times["bare"][share]
            yield Row(f"request {label}: {heading}", f"{ours:.2f} ms", f"{bare:.2f} ms", f"+{ours - bare:.2f} ms")
