"""One process of the real provider, as the engine would start it, and a channel to it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import grpc

from rehearsal.processes import GuardedProcess

_START_LIMIT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.02
_BYTES_LIMIT: Final = 400 * 1024 * 1024
# An object that did not get ready travels in the trailer of the answer: tens of kilobytes, where gRPC expects eight.
_TRAILER_BYTES_LIMIT: Final = 16 * 1024 * 1024
GRPC_OPTIONS: Final = [
    ("grpc.max_receive_message_length", _BYTES_LIMIT),
    ("grpc.max_send_message_length", _BYTES_LIMIT),
    ("grpc.max_metadata_size", _TRAILER_BYTES_LIMIT),
    ("grpc.absolute_max_metadata_size", _TRAILER_BYTES_LIMIT),
]


class ProviderProcess:
    """The provider, started without arguments: it prints its port and waits for `Attach`.

    `sign_in` is the folder of the credential plugin. Nothing else of the machine reaches it: `PULUMI_K8S_…` variables
    change what it does.
    """

    def __init__(self, binary: Path, folder: Path, sign_in: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        environment = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": f"{sign_in}:/usr/bin:/bin"}
        self._process = GuardedProcess([binary], folder / "provider.log", environment)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port()}", options=GRPC_OPTIONS)

    def _port(self) -> int:
        end = time.monotonic() + _START_LIMIT_SECONDS
        while time.monotonic() < end and self._process.is_running:
            first, found, _ = self._process.log.read_text(errors="replace").partition("\n")
            if found:
                return int(first)
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"the Kubernetes provider printed no port:\n{self._process.tail()}")

    def call(self, method: str) -> Callable[[bytes], Any]:
        """A method of the protocol, `/pulumirpc.ResourceProvider/Create`: bytes in, a future of bytes out."""
        return self._channel.unary_unary(method).future

    def end(self) -> None:
        """Kill the process."""
        self._channel.close()
        self._process.kill()
