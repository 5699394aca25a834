"""What every stand-in provider shares: the provider protocol over gRPC, a log of the calls, failures on demand.

Source: pulumi/pulumi proto/pulumi/provider.proto, whose `ErrorResourceInitFailed` carries a half-created resource.
"""

# ruff: noqa: N802, ARG002 -- the protocol fixes the names and the arguments of its methods
import threading
from concurrent import futures
from typing import Any, Never

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from simulators.provider_protocol.calls import (
    CallLog,
    CancelledError,
    HalfDoneError,
    PlannedFailure,
    PlannedFailures,
    RefusedError,
)
from simulators.provider_protocol.responses import CheckFailure, Difference, diff_response, failures_of, half_done
from simulators.provider_protocol.wire import decode, encode

_MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024
_EMPTY = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes the class at run time


def _name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


class SimulatedProvider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider without a cloud: subclasses say what is accepted, what is stored and what a change means."""

    package = ""
    version = ""
    # Whether the provider marks secrets in its answers itself; the engine marks them for one that does not.
    accepts_secrets = False

    def __init__(self, log: CallLog) -> None:
        self.log = log
        self._failures = PlannedFailures()
        self._server: grpc.Server | None = None
        self._connections: dict[str, threading.Event] = {}
        self._call = threading.local()
        self.port = 0

    def start(self) -> int:
        """Serve on a free port of the loopback address and return the port."""
        options = [("grpc.max_receive_message_length", _MESSAGE_LIMIT_BYTES), ("grpc.so_reuseport", 0)]
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=options)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return self.port

    def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None

    @property
    def cancellation(self) -> threading.Event:
        """Set once the engine has cancelled the operation to which the call of this thread belongs.

        The engine cancels at the end of every operation, too, of a good one as well: a real provider is a process of
        that operation. So each connection has an event of its own; a call outside of any gets one that is never set.
        """
        return self._connections.setdefault(getattr(self._call, "peer", ""), threading.Event())

    def fail_on(self, type_: str, nth: int = 1, *, method: str = "Create", message: str = "failure on demand") -> None:
        """Refuse the nth real call (not a preview's) of a method for a resource type, counted from now, once."""
        self._failures.planned.append(PlannedFailure(method, type_, nth, message))

    # What a subclass answers; the defaults are those of a provider that accepts everything.

    def check_config(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Refused provider settings."""
        return []

    def diff_config(self, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """What a change of provider settings means."""
        return Difference({})

    def configure(self, settings: dict[str, Any]) -> None:
        """Take over provider settings."""

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Result of a provider function."""
        raise RefusedError(f"the stand-in for {self.package} has no function {token}")

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Inputs as they will be stored, and those that are refused."""
        raise NotImplementedError

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """What a change of inputs means."""
        raise NotImplementedError

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs known before creation."""
        raise NotImplementedError

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Id and outputs of a new object."""
        raise NotImplementedError

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Inputs and outputs of an object, None when there is none."""
        raise NotImplementedError

    def preview_update(self, type_: str, old: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs known before an update; `old` are the outputs before it."""
        raise NotImplementedError

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs after an update."""
        raise NotImplementedError

    def delete(self, type_: str, id_: str) -> None:
        """Remove an object."""
        raise NotImplementedError

    # The protocol.

    def _meet(self, method: str, request: Any, context: grpc.ServicerContext, *, preview: bool = False) -> str:
        urn = request.urn
        type_ = _type_of(urn)
        self._call.peer, self._call.request = context.peer(), request
        self.log.record(self.package, method, type_, _name_of(urn), urn, preview=preview)
        if not preview:
            self._failures.meet(method, type_)
        return type_

    def annotated(self, answer: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """An answer with what is secret in it marked as in what was given, by a provider that accepts secrets."""
        raise NotImplementedError

    def _annotated(self, answer: dict[str, Any], given: Message | None) -> dict[str, Any]:
        if not self.accepts_secrets or given is None:
            return answer
        return self.annotated(answer, decode(given, keep_secrets=True))

    def _refuse(self, context: grpc.ServicerContext, error: RefusedError, given: Message | None = None) -> Never:
        if isinstance(error, HalfDoneError):
            context.set_trailing_metadata(
                (("grpc-status-details-bin", half_done(error, self._annotated(error.outputs, given))),)
            )
        code = grpc.StatusCode.CANCELLED if isinstance(error, CancelledError) else grpc.StatusCode.UNKNOWN
        context.abort(code, str(error))
        raise error

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        # A port may come back that a connection of an earlier operation had.
        self._connections[context.peer()] = threading.Event()
        return _EMPTY

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._connections.setdefault(context.peer(), threading.Event()).set()
        return _EMPTY

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._meet("CheckConfig", request, context)
        failures = self.check_config(decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures_of(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._meet("DiffConfig", request, context)
        old = request.old_inputs if request.old_inputs.fields else request.olds
        return diff_response(self.diff_config(decode(old), decode(request.news)))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.log.record(self.package, "Configure", "", "", "", preview=False)
        self._call.peer = context.peer()
        self.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=self.accepts_secrets)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.log.record(self.package, "Invoke", request.tok, "", "", preview=request.preview)
        try:
            result = self.invoke(request.tok, decode(request.args))
        except RefusedError as error:
            self._refuse(context, error)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(result))
        return response

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, failures = self.check(self._meet("Check", request, context), decode(request.olds), decode(request.news))
        return provider_pb2.CheckResponse(
            inputs=encode(self._annotated(inputs, request.news)), failures=failures_of(failures)
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = self._meet("Diff", request, context)
        return diff_response(self.diff(type_, request.id, decode(request.old_inputs), decode(request.news)))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, given = decode(request.properties), request.properties
        try:
            type_ = self._meet("Create", request, context, preview=request.preview)
            if request.preview:
                known = self._annotated(self.preview_create(type_, inputs), given)
                return provider_pb2.CreateResponse(properties=encode(known))
            id_, outputs = self.create(type_, inputs)
        except RefusedError as error:
            self._refuse(context, error, given)
        return provider_pb2.CreateResponse(id=id_, properties=encode(self._annotated(outputs, given)))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        given = request.inputs
        try:
            found = self.read(self._meet("Read", request, context), request.id)
        except HalfDoneError as error:
            error.inputs = self._annotated(error.inputs or {}, given)
            self._refuse(context, error, given)
        except RefusedError as error:
            self._refuse(context, error)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = (encode(self._annotated(part, given)) for part in found)
        return provider_pb2.ReadResponse(id=request.id, inputs=inputs, properties=outputs)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        new, given = decode(request.news), request.news
        try:
            type_ = self._meet("Update", request, context, preview=request.preview)
            if request.preview:
                outputs = self.preview_update(type_, decode(request.olds), new)
            else:
                outputs = self.update(type_, request.id, new)
        except RefusedError as error:
            self._refuse(context, error, given)
        return provider_pb2.UpdateResponse(properties=encode(self._annotated(outputs, given)))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            self.delete(self._meet("Delete", request, context), request.id)
        except RefusedError as error:
            self._refuse(context, error)
        return _EMPTY
