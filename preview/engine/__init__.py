"""The embedded engine: a Pulumi program run in this process as at its first preview, handed back as one graph."""

from preview.engine.graph import Alias, Graph, LogLine, Options, ProgramFailed, Resource
from preview.engine.monitor import Identify
from preview.engine.run import preview
from preview.engine.urn import is_default_provider
from preview.engine.wire import (
    ENGINE_ADDED_PROVIDER_INPUTS,
    SECRET,
    UNKNOWN,
    JsonValue,
    Secret,
    Unknown,
    WireValue,
    render,
)

__all__ = [
    "ENGINE_ADDED_PROVIDER_INPUTS",
    "SECRET",
    "UNKNOWN",
    "Alias",
    "Graph",
    "Identify",
    "JsonValue",
    "LogLine",
    "Options",
    "ProgramFailed",
    "Resource",
    "Secret",
    "Unknown",
    "WireValue",
    "is_default_provider",
    "preview",
    "render",
]
