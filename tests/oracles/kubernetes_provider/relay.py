"""A relay between the engine and the real Kubernetes provider, in the place of our double.

Everything passes through as the bytes that it came as, but for two things. Charts stay with the double: there is
no chart repository here. And the engine's time limits, hours in this program, are cut to the tests' own.
"""

import threading
from concurrent import futures
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from simulators.kubernetes_provider.provider import HELM_RELEASE, ApiServer, ClusterKubernetes
from simulators.provider_protocol.calls import CallLog
from tests.oracles.kubernetes_provider.process import GRPC_OPTIONS, ProviderProcess

_DETAILS: Final = "grpc-status-details-bin"
_PROVIDER_DEFAULT_SECONDS: Final = 600.0
# What the double does for a chart, and the log of calls must know of any other object.
_REQUESTS: Final[dict[str, type[Message]]] = {
    "CheckConfig": provider_pb2.CheckRequest,
    "DiffConfig": provider_pb2.DiffRequest,
    "Check": provider_pb2.CheckRequest,
    "Diff": provider_pb2.DiffRequest,
    "Create": provider_pb2.CreateRequest,
    "Read": provider_pb2.ReadRequest,
    "Update": provider_pb2.UpdateRequest,
    "Delete": provider_pb2.DeleteRequest,
}

_OF_A_CONNECTION: Final[dict[str, type[Message]]] = {
    "Attach": plugin_pb2.PluginAttach,
    "Cancel": empty_pb2.Empty,  # ty: ignore[missing-attribute] -- protobuf makes the class at run time
    "Configure": provider_pb2.ConfigureRequest,
}


class RelayedKubernetes(ClusterKubernetes, grpc.GenericRpcHandler):
    """The real provider behind the double's place; charts, `log` and the limits of waits are the double's.

    A process serves one connection of the engine: the engine cancels each provider at the end of every operation, and
    a cancelled process refuses all later work. `end_processes` is to be called after each. `started` counts processes.
    """

    def __init__(
        self, log: CallLog, plane: ApiServer, reference: Path, binary: Path, folder: Path, sign_in: Path
    ) -> None:
        super().__init__(log, plane, reference)
        self._binary, self._folder, self._sign_in = binary, folder, sign_in
        self.started = 0
        self._processes: dict[str, ProviderProcess] = {}
        self._starting = threading.Lock()

    def start(self) -> int:
        """Serve on a free port of the loopback address and return the port."""
        options = [*GRPC_OPTIONS, ("grpc.so_reuseport", 0)]
        # Each call that waits in the real provider holds a thread here; a cancellation must still find one.
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=128), options=options)
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return self.port

    def stop(self) -> None:
        """End the server and every process."""
        super().stop()
        self.end_processes()

    def end_processes(self) -> None:
        """Kill the processes that served the last operation."""
        with self._starting:
            while self._processes:
                self._processes.popitem()[1].end()

    def service(self, handler_call_details: Any) -> Any:
        """Serve any method of the protocol."""
        path = handler_call_details.method
        return grpc.unary_unary_rpc_method_handler(lambda raw, context: self._answer(path, raw, context))

    def _answer(self, path: str, raw: bytes, context: Any) -> bytes:
        method = path.rpartition("/")[2]
        if method in _REQUESTS:
            request: Any = _REQUESTS[method].FromString(raw)
            type_ = request.urn.split("::")[2].rsplit("$", 1)[-1]
            if type_ == HELM_RELEASE:
                return getattr(self, method)(request, context).SerializeToString()
            name, is_preview = request.urn.rpartition("::")[2], bool(getattr(request, "preview", False))
            self.log.record(self.package, method, type_, name, request.urn, preview=is_preview)
            raw = self._limited(method, request)
        elif method in _OF_A_CONNECTION:
            # The double's half is attached, configured and cancelled as well; the answer is the real one's.
            getattr(self, method)(_OF_A_CONNECTION[method].FromString(raw), context)
        return self._forward(path, raw, context)

    def _limited(self, method: str, request: Any) -> bytes:
        limits = {"Create": self.wait_limit_seconds, "Update": self.wait_limit_seconds}
        limits["Delete"] = self.deletion_limit_seconds
        if method in limits:
            request.timeout = min(request.timeout or _PROVIDER_DEFAULT_SECONDS, limits[method])
        return request.SerializeToString()

    def _forward(self, path: str, raw: bytes, context: Any) -> bytes:
        call = self._process_of(context.peer()).call(path)(raw)
        # An engine that is killed, or gives up, takes its calls along.
        context.add_callback(call.cancel)
        try:
            return call.result()
        except grpc.FutureCancelledError:
            context.abort(grpc.StatusCode.CANCELLED, "the engine has ended the call")
            raise
        except grpc.RpcError as error:
            answer: Any = error
            trailer = [pair for pair in answer.trailing_metadata() or () if pair[0] == _DETAILS]
            context.set_trailing_metadata(tuple(trailer))
            context.abort(answer.code(), answer.details())
            raise

    def _process_of(self, connection: str) -> ProviderProcess:
        with self._starting:
            if connection not in self._processes:
                self.started += 1
                folder = self._folder / f"provider-{self.started}"
                self._processes[connection] = ProviderProcess(self._binary, folder, self._sign_in)
            return self._processes[connection]
