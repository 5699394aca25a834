"""What every stand-in provider shares: the provider protocol over gRPC, a log of the calls, failures on demand.

Source: pulumi/pulumi proto/pulumi/provider.proto, whose `ErrorResourceInitFailed` carries a half-created resource.
"""

# ruff: noqa: N802, ARG002 -- the protocol fixes the names and the arguments of its methods
import itertools
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import Any, Never

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from simulators.provider_protocol.calls import CallLog, HalfDoneError, PlannedFailure, PlannedFailures, RefusedError
from simulators.provider_protocol.differences import Change
from simulators.provider_protocol.wire import decode, encode

_MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024
_EMPTY = empty_pb2.Empty()  # ty: ignore[missing-attribute] -- protobuf makes the class at run time
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


@dataclass(frozen=True)
class CheckFailure:
    """An input that the provider refuses before anything is created."""

    path: str
    reason: str


@dataclass(frozen=True)
class Difference:
    """Changed property paths and those among them that only a replacement can change."""

    changes: Mapping[str, Change]
    replaces: frozenset[str] = frozenset()
    delete_before_replace: bool = False


def _name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


class SimulatedProvider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider without a cloud: subclasses say what is accepted, what is stored and what a change means."""

    package = ""
    version = ""

    def __init__(self, log: CallLog) -> None:
        self.log = log
        self._failures = PlannedFailures()
        self._server: grpc.Server | None = None
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

    def _meet(self, method: str, urn: str, *, preview: bool = False) -> str:
        type_ = _type_of(urn)
        self.log.record(self.package, method, type_, _name_of(urn), urn, preview=preview)
        if not preview:
            self._failures.meet(method, type_)
        return type_

    @staticmethod
    def _refuse(context: grpc.ServicerContext, error: RefusedError) -> Never:
        if isinstance(error, HalfDoneError):
            context.set_trailing_metadata((("grpc-status-details-bin", _half_done(error)),))
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise error

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _EMPTY

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _EMPTY

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._meet("CheckConfig", request.urn)
        failures = self.check_config(decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._meet("DiffConfig", request.urn)
        old = request.old_inputs if request.old_inputs.fields else request.olds
        return _diff_response(self.diff_config(decode(old), decode(request.news)))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.log.record(self.package, "Configure", "", "", "", preview=False)
        self.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

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
        inputs, failures = self.check(self._meet("Check", request.urn), decode(request.olds), decode(request.news))
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_ = self._meet("Diff", request.urn)
        return _diff_response(self.diff(type_, request.id, decode(request.old_inputs), decode(request.news)))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs = decode(request.properties)
        try:
            type_ = self._meet("Create", request.urn, preview=request.preview)
            if request.preview:
                return provider_pb2.CreateResponse(properties=encode(self.preview_create(type_, inputs)))
            id_, outputs = self.create(type_, inputs)
        except RefusedError as error:
            self._refuse(context, error)
        return provider_pb2.CreateResponse(id=id_, properties=encode(outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            found = self.read(self._meet("Read", request.urn), request.id)
        except RefusedError as error:
            self._refuse(context, error)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(id=request.id, inputs=encode(inputs), properties=encode(outputs))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        new = decode(request.news)
        try:
            type_ = self._meet("Update", request.urn, preview=request.preview)
            if request.preview:
                outputs = self.preview_update(type_, decode(request.olds), new)
            else:
                outputs = self.update(type_, request.id, new)
        except RefusedError as error:
            self._refuse(context, error)
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            self.delete(self._meet("Delete", request.urn), request.id)
        except RefusedError as error:
            self._refuse(context, error)
        return _EMPTY


def _half_done(error: HalfDoneError) -> bytes:
    """The error as Go's gRPC reads its details: the engine finds the object in there and puts it into the state."""
    detail = any_pb2.Any()  # ty: ignore[missing-attribute] -- protobuf makes the class at run time
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.id, properties=encode(error.outputs), reasons=[str(error)], inputs=encode(error.inputs)
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
    return status.SerializeToString()


def _failures(failures: list[CheckFailure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def _diff_response(difference: Difference) -> Any:
    paths = sorted(difference.changes)
    replaces = [path for path in paths if path in difference.replaces]
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if paths else none,
        diffs=list(dict.fromkeys(_top_level(path) for path in paths)),
        replaces=list(dict.fromkeys(_top_level(path) for path in replaces)),
        deleteBeforeReplace=difference.delete_before_replace and bool(replaces),
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=_KINDS[difference.changes[path], path in difference.replaces], inputDiff=True
            )
            for path in paths
        },
        hasDetailedDiff=True,
    )


def _top_level(path: str) -> str:
    return "".join(itertools.takewhile(lambda character: character not in ".[", path))
