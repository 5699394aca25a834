"""The recorded graph: every resource that a program registered, with the inputs and options in force."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from preview.engine.wire import JsonValue, WireValue, render, unpack

_EMPTY: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Alias(NamedTuple):
    """One former identity of a resource: a whole `urn`, or the parts that differed (empty: as now)."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


class Options(Struct, frozen=True, kw_only=True):
    """Resource options in force after inheritance; references are URNs, lists without their own order are sorted.

    `provider` is `None` for a default provider and for components. `property_dependencies` lists only inputs that
    depend on something. Not recorded: replacement triggers and hidden diffs, which mean nothing before a first create.
    """

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = _EMPTY
    deleted_with: str | None = None
    provider: str | None = None
    retain_on_delete: bool = False
    replace_on_changes: tuple[str, ...] = ()
    replace_with: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    custom_timeouts: Mapping[str, str] | None = None
    delete_before_replace: bool | None = None
    additional_secret_outputs: tuple[str, ...] = ()
    version: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """The options of the preview's JSON contract."""
        return {
            "protect": self.protect,
            "ignore_changes": list(self.ignore_changes),
            "depends_on": list(self.depends_on),
            "deleted_with": self.deleted_with,
            "provider": self.provider,
            "retain_on_delete": self.retain_on_delete,
            "replace_on_changes": list(self.replace_on_changes),
        }


class Resource(Struct, frozen=True, kw_only=True):
    """One registered resource. `custom` is false for components, which no provider creates."""

    urn: str
    type: str
    name: str
    parent: str | None
    custom: bool
    options: Options
    wire: bytes
    """The inputs as packed bytes without the values of secrets: a tenth of the memory of plain values."""

    @property
    def inputs(self) -> Mapping[str, WireValue]:
        """The wire inputs (camelCase); secrets are `SECRET`, unknowns `UNKNOWN`. Decoded again at every access."""
        return unpack(self.wire)

    def to_json(self) -> dict[str, JsonValue]:
        """This resource as an entry of `resources` in the preview's JSON contract."""
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "parent": self.parent,
            "inputs": render(self.inputs),
            "options": self.options.to_json(),
        }


class LogLine(NamedTuple):
    """A message that the program logged: `info`, `warning` or `error`, and the resource it is about."""

    severity: str
    message: str
    urn: str | None = None


class Graph(Struct, frozen=True, kw_only=True):
    """All resources sorted by URN, the stack's outputs (rendered as in JSON), the program's messages in order."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, JsonValue]
    log: tuple[LogLine, ...]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def to_json(self) -> list[dict[str, JsonValue]]:
        """The `resources` list of the preview's JSON contract."""
        return [resource.to_json() for resource in self.resources]


class ProgramFailed(Exception):  # noqa: N818  # the name says what happened; "Error" would blame the engine
    """The program raised, or requested what the engine refuses. `graph_so_far` holds what was registered before."""

    def __init__(self, message: str, graph_so_far: Graph) -> None:
        super().__init__(message)
        self.message = message
        self.graph_so_far = graph_so_far
