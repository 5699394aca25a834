"""The provider protocol's longer answers: refused inputs, differences, and a resource that was only half created.

Source: pulumi/pulumi proto/pulumi/provider.proto, whose `ErrorResourceInitFailed` carries a half-created resource.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2

from simulators.provider_protocol.calls import HalfDoneError
from simulators.provider_protocol.differences import Change
from simulators.provider_protocol.wire import encode

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
    """Changed property paths and those among them that only a replacement can change.

    `names` is what the provider says beside the detailed difference: azure-native the names of changed and of replaced
    top-level properties, pulumi-kubernetes of an object the replaced paths alone, of a Release the changed top-level
    properties and the replaced paths.
    """

    changes: Mapping[str, Change]
    replaces: frozenset[str] = frozenset()
    delete_before_replace: bool = False
    names: str = "top-level"


def failures_of(failures: Iterable[CheckFailure]) -> list[Any]:
    """Refused inputs as the answer to a check has them."""
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def half_done(error: HalfDoneError, outputs: Mapping[str, Any]) -> bytes:
    """The error as Go's gRPC reads its details: the engine finds the object in there and puts it into the state."""
    detail = any_pb2.Any()  # ty: ignore[missing-attribute] -- protobuf makes the class at run time
    made = provider_pb2.ErrorResourceInitFailed(id=error.id, properties=encode(outputs), reasons=error.reasons)
    if error.inputs is not None:
        made.inputs.CopyFrom(encode(error.inputs))
    detail.Pack(made)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
    return status.SerializeToString()


def diff_response(difference: Difference) -> Any:
    """The answer to a comparison."""
    paths = sorted(difference.changes)
    replaced = [path for path in paths if path in difference.replaces]
    of_objects = difference.names != "top-level"
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if paths else none,
        diffs=[] if difference.names == "paths" else _top_level(paths),
        replaces=replaced if of_objects else _top_level(replaced),
        deleteBeforeReplace=difference.delete_before_replace and bool(replaced),
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=_KINDS[difference.changes[path], path in difference.replaces],
                inputDiff=not of_objects or difference.changes[path] == "delete",
            )
            for path in paths
        },
        hasDetailedDiff=True,
    )


def _top_level(paths: Iterable[str]) -> list[str]:
    names = ("".join(itertools.takewhile(lambda character: character not in ".[", path)) for path in paths)
    return list(dict.fromkeys(names))
