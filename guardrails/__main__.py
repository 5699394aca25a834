"""`python -m guardrails SETTINGS`: serve until a signal."""

import argparse
import asyncio
from pathlib import Path

from guardrails.observed import log_to_stdout
from guardrails.server import Server, stop_on_signals
from guardrails.settings import Settings, read


async def serve(settings: Settings, given: argparse.Namespace) -> None:
    """Serve until a signal."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    server = Server(
        settings, grpc_address=f"{given.host}:{given.grpc_port}", http_host=given.host, http_port=given.http_port
    )
    await server.run(stop)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="guardrails", description="Content safety for Envoy.")
    parser.add_argument("settings", type=Path, help="the settings, a JSON file")
    parser.add_argument("--host", default="0.0.0.0", help="the address to listen on")  # noqa: S104  # a pod's own
    parser.add_argument("--grpc-port", type=int, default=9002)
    parser.add_argument("--http-port", type=int, default=9003)
    given = parser.parse_args()
    log_to_stdout()
    asyncio.run(serve(read(given.settings), given))


if __name__ == "__main__":
    main()
