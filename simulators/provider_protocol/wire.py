"""The engine's wire format: protobuf structs to plain Python values and back, unknowns and secrets included.

Source: pulumi/pulumi sdk/go/common/resource/plugin/rpc.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
# One sentinel per kind of unknown value: sdk/go/common/resource/plugin/rpc.go of pulumi/pulumi.
_UNKNOWN_SENTINELS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_UNKNOWN_ON_THE_WIRE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """A value that exists only after something was created."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine must not keep in plain text."""

    value: Any


def _open(value: Any, *, keep_secrets: bool) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN_SENTINELS else value
    if isinstance(value, list):
        return [_open(item, keep_secrets=keep_secrets) for item in value]
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            opened = _open(value["value"], keep_secrets=keep_secrets)
            return Secret(opened) if keep_secrets else opened
        return {key: _open(value[key], keep_secrets=keep_secrets) for key in sorted(value)}
    return value


def decode(struct: Message, *, keep_secrets: bool = False) -> dict[str, Any]:
    """Plain values of a struct, keys sorted; an unknown becomes `UNKNOWN`, a secret is opened unless it is kept."""
    return _open(json_format.MessageToDict(struct), keep_secrets=keep_secrets)


def _close(value: Any) -> Any:
    if isinstance(value, Unknown):
        return _UNKNOWN_ON_THE_WIRE
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _close(value.value)}
    if isinstance(value, Mapping):
        return {key: _close(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_close(item) for item in value]
    return value


def encode(values: Mapping[str, Any]) -> Any:
    """Struct of plain values.

    Raises:
        ValueError: a value is no JSON value and not `UNKNOWN`.

    """
    # protobuf ships no types for its own Struct: the field of a message that has one stands in for the class.
    struct = provider_pb2.CheckRequest().news
    struct.update(_close(values))
    return struct
