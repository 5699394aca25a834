"""Values on the wire between program and engine: protobuf structs read into plain values, secrets and unknowns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc

# Protobuf creates these classes at import, where no type checker sees them; they are named in this one place.
Empty: TypeAlias = empty_pb2.Empty  # ty: ignore[missing-attribute]  # see above
Struct: TypeAlias = struct_pb2.Struct  # ty: ignore[missing-attribute]  # see above
Value: TypeAlias = struct_pb2.Value  # ty: ignore[missing-attribute]  # see above

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

UNKNOWN_ON_WIRE: str = rpc.UNKNOWN

ENGINE_ADDED_PROVIDER_INPUTS: frozenset[str] = frozenset({"__internal", "version"})
"""Input keys that the real engine adds to provider resources (pulumi: pkg/resource/deploy/providers/registry.go).

They are not in this engine's graph; a comparison leaves them out by this list.
"""

# Private names in the SDK, but the wire format itself: they cannot change.
_SIGNATURE: str = rpc._special_sig_key  # noqa: SLF001  # wire constant, see above
_SECRET_SIGNATURE: str = rpc._special_secret_sig  # noqa: SLF001  # wire constant, see above
_RESOURCE_SIGNATURE: str = rpc._special_resource_sig  # noqa: SLF001  # wire constant, see above
_OUTPUT_SIGNATURE: str = rpc._special_output_value_sig  # noqa: SLF001  # wire constant, see above

_EXACT_INTEGERS = 2.0**53  # beyond this a double can't represent every integer, so it stays a float


class Secret(msgspec.Struct, frozen=True):
    """A value that is secret on the wire; neither the value nor whether it was known is kept."""

    def __str__(self) -> str:
        return "[secret]"


class Unknown(msgspec.Struct, frozen=True):
    """An output of a resource of this graph, which is not known before that resource exists."""

    def __str__(self) -> str:
        return "[unknown]"


SECRET = Secret()
UNKNOWN = Unknown()

WireValue: TypeAlias = (
    "bool | int | float | str | Secret | Unknown | Sequence[WireValue] | Mapping[str, WireValue] | None"
)


def pack(struct: Struct) -> bytes:
    """The bytes of a struct, with the values of secrets removed before it is stored."""
    packed = struct.SerializeToString()
    if _SECRET_SIGNATURE.encode() not in packed and _OUTPUT_SIGNATURE.encode() not in packed:
        return packed
    copy = Struct.FromString(packed)
    _strip(copy)
    return copy.SerializeToString()


def unpack(packed: bytes) -> dict[str, WireValue]:
    """Read what `pack` stored. Keys are sorted: a protobuf map has no order of its own."""
    return _mapping(Struct.FromString(packed))


def has_unknowns(struct: Struct) -> bool:
    """Whether any value in a struct, however deep and also behind a secret, is unknown."""
    return any(_has_unknown(value) for value in struct.fields.values())


def render(value: WireValue) -> JsonValue:
    """A value for JSON: secrets (known or unknown alike) as `[secret]`, unknowns as `[unknown]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Secret | Unknown):
        return str(value)
    if isinstance(value, Mapping):
        return {key: render(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [render(inner) for inner in value]
    return value


def _value(value: Value) -> WireValue:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == UNKNOWN_ON_WIRE else text
    if kind == "struct_value":
        return _special(value.struct_value)
    if kind == "list_value":
        return [_value(inner) for inner in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _EXACT_INTEGERS else number
    return None


def _special(struct: Struct) -> WireValue:
    fields = struct.fields
    signature = _signature(fields)
    if signature == _SECRET_SIGNATURE:
        return SECRET
    if signature == _OUTPUT_SIGNATURE:
        if "secret" in fields and fields["secret"].bool_value:
            return SECRET
        return _value(fields["value"]) if "value" in fields else UNKNOWN
    if signature == _RESOURCE_SIGNATURE:
        return fields["urn"].string_value
    return _mapping(struct)  # an asset or archive keeps its signature: it is what the provider receives


def _mapping(struct: Struct) -> dict[str, WireValue]:
    fields = struct.fields
    return {key: _value(fields[key]) for key in sorted(fields)}


def _signature(fields: Any) -> str:  # protobuf's map container has no public type
    return fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""


def _strip(struct: Struct) -> None:
    fields = struct.fields
    signature = _signature(fields)
    if signature == _SECRET_SIGNATURE or (signature == _OUTPUT_SIGNATURE and "secret" in fields):
        if "value" in fields:
            del fields["value"]
        return
    for inner in _structs(fields.values()):
        _strip(inner)


def _structs(values: Iterable[Value]) -> Iterable[Struct]:
    for value in values:
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            yield value.struct_value
        elif kind == "list_value":
            yield from _structs(value.list_value.values)


def _has_unknown(value: Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value == UNKNOWN_ON_WIRE
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _signature(fields) == _OUTPUT_SIGNATURE and "value" not in fields:
            return True
        return has_unknowns(value.struct_value)
    if kind == "list_value":
        return any(_has_unknown(inner) for inner in value.list_value.values)
    return False
