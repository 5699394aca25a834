"""Records a graph as the flat floor's calls, and compares another graph with the recorded one."""

import hashlib
import importlib
import json
import pickle
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from floor import Call, Place
from pulumi import _types, get_type_token
from pulumi_kubernetes.apiextensions import CustomResource

from preview.engine import Alias, Graph, Resource, Secret, Unknown, WireValue, render

# `_types` is private in the SDK and the only way from wire names to arguments; `differences` would show a mistake.
_STACK = "pulumi:pulumi:Stack"


def write(graph: Graph, path: Path) -> None:
    """Write the calls that create this graph and, in another file, what every resource must then look like."""
    with path.open("wb") as file:
        pickle.dump((_calls(graph), dict(graph.outputs)), file)
        pickle.dump(fingerprints(graph), file)


def differences(graph: Graph, path: Path) -> list[str]:
    """URNs of resources that differ between a graph and the recorded one."""
    with path.open("rb") as file:
        pickle.load(file)  # noqa: S301 - written by this bench a moment before
        wanted = pickle.load(file)  # noqa: S301 - written by this bench a moment before
    found = fingerprints(graph)
    return sorted(urn for urn in wanted.keys() | found.keys() if wanted.get(urn) != found.get(urn))


def fingerprints(graph: Graph) -> dict[str, str]:
    """A digest of everything that the engine recorded of each resource: type, parent, inputs and all options."""
    found = {}
    for resource in graph:
        about = json.dumps(
            [
                resource.type,
                resource.name,
                resource.parent,
                resource.custom,
                render(resource.inputs),
                repr(resource.options),
            ]
        )
        found[resource.urn] = hashlib.sha256(about.encode()).hexdigest()
    found["outputs"] = json.dumps(dict(graph.outputs), sort_keys=True)
    return found


def _calls(graph: Graph) -> list[Call]:
    ordered = _in_order(graph)
    places = {resource.urn: index for index, resource in enumerate(ordered)}
    by_urn = {resource.urn: resource for resource in ordered}
    classes = {get_type_token(kind): kind for kind in _subclasses(pulumi.CustomResource)}
    return [_call(resource, by_urn.get(resource.parent or ""), places, classes) for resource in ordered]


def _in_order(graph: Graph) -> list[Resource]:
    """Every resource after those that it refers to; the root stack, which the engine makes, is left out."""
    by_urn = {resource.urn: resource for resource in graph if resource.type != _STACK}
    done: dict[str, Resource] = {}
    waiting = [(urn, False) for urn in reversed(by_urn)]
    while waiting:
        urn, ready = waiting.pop()
        if ready:
            done[urn] = by_urn[urn]
        elif urn not in done:
            waiting.append((urn, True))
            waiting += [
                (target, False) for target in _references(by_urn[urn]) if target in by_urn and target not in done
            ]
    return list(done.values())


def _references(resource: Resource) -> Iterator[str]:
    yield from resource.options.depends_on
    for urn in (resource.parent, resource.options.provider, resource.options.deleted_with):
        if urn is not None:
            yield urn


def _call(
    resource: Resource, parent: Resource | None, places: Mapping[str, int], classes: Mapping[str | None, type]
) -> Call:
    options, above = resource.options, None if parent is None else parent.options
    from_inputs = {urn for urns in options.property_dependencies.values() for urn in urns}
    plain: dict[str, Any] = {
        "ignore_changes": list(options.ignore_changes) or None,
        "replace_on_changes": list(options.replace_on_changes) or None,
        "delete_before_replace": options.delete_before_replace,
        "custom_timeouts": options.custom_timeouts and pulumi.CustomTimeouts(**options.custom_timeouts),
        # The classes of the SDK add former types of their own; a program's aliases tell another name.
        "aliases": [_alias(alias) for alias in options.aliases if alias.name or alias.urn] or None,
    }
    # What is inherited from the parent is not repeated.
    for name in ("protect", "retain_on_delete"):
        if getattr(options, name) != bool(above and getattr(above, name)):
            plain[name] = getattr(options, name)
    inherits = above is not None and above.deleted_with == options.deleted_with
    call = Call(
        module=None,
        class_name=resource.type,
        name=resource.name,
        arguments={},
        parent=places.get(resource.parent or ""),
        depends_on=tuple(places[urn] for urn in options.depends_on if urn not in from_inputs),
        provider=None if options.provider is None else places[options.provider],
        deleted_with=None if inherits or options.deleted_with is None else places[options.deleted_with],
        plain_options={name: value for name, value in plain.items() if value is not None},
    )
    if resource.custom:
        _fill(call, resource, classes.get(resource.type), places)
    return call


def _alias(alias: Alias) -> pulumi.Alias | str:
    """As the SDK takes it: a whole URN, or the parts that differ from the resource's own."""
    if alias.urn:
        return alias.urn
    parts = {name: value for name in ("name", "type", "stack", "project") if (value := getattr(alias, name))}
    if alias.no_parent:
        parts["parent"] = None
    elif alias.parent:
        parts["parent"] = alias.parent
    return pulumi.Alias(**{f"{name}_" if name == "type" else name: value for name, value in parts.items()})


def _fill(call: Call, resource: Resource, found: type | None, places: Mapping[str, int]) -> None:
    """Add the class and its arguments; types without an SDK class are Kubernetes custom resources."""
    typed = found or (
        _provider_class(resource.type) if resource.type.startswith("pulumi:providers:") else CustomResource
    )
    call.module, call.class_name = typed.__module__, typed.__qualname__
    accepted = _arguments_class(typed)
    names = {wire: name for name, wire in _types.input_type_py_to_pulumi_names(accepted).items()}
    types = _types.input_type_types(accepted)
    for key, value in resource.inputs.items():
        if typed is not CustomResource and key in {"apiVersion", "kind"} and resource.type.startswith("kubernetes:"):
            continue  # the class sets them
        name = _shared(names.get(key, key))
        if name == "resource_name":
            name = "resource_name_"  # the constructor's first parameter has the plain name
        written = _decoded(value, types[key]) if typed.__qualname__ == "Provider" else value
        call.arguments[name] = _python(written, types.get(key))
        unknown = [place for place, leaf in _leaves(value, types.get(key), (name,)) if isinstance(leaf, Unknown)]
        call.secrets += [place for place, leaf in _leaves(value, types.get(key), (name,)) if isinstance(leaf, Secret)]
        sources = [places[urn] for urn in resource.options.property_dependencies.get(key, ())]
        if len(sources) > len(unknown):
            raise ValueError(
                f"{resource.urn}: {key} depends on {len(sources)} resources but holds {len(unknown)} unknowns"
            )
        call.unknowns += [(place, sources[min(index, len(sources) - 1)]) for index, place in enumerate(unknown)]


def _provider_class(type_token: str) -> type:
    return importlib.import_module(f"pulumi_{type_token.rpartition(':')[2].replace('-', '_')}").Provider


def _decoded(value: WireValue, typ: Any) -> WireValue:
    """A provider's argument before its class encoded it as JSON, as it does with everything that isn't a string."""
    return json.loads(value) if isinstance(value, str) and _types.unwrap_type(typ) is not str else value


def _arguments_class(resource_class: type) -> type:
    """The class that names and types a resource class's arguments: the only input type in its own module."""
    module = sys.modules[resource_class.__module__]
    return next(
        item
        for name in (f"{resource_class.__name__}InitArgs", f"{resource_class.__name__}Args")
        if (item := getattr(module, name, None)) is not None and _types.is_input_type(item)
    )


def _subclasses(root: type) -> Iterator[type]:
    for kind in root.__subclasses__():
        yield kind
        yield from _subclasses(kind)


def _python(value: WireValue, typ: Any) -> Any:
    """A wire value as a person writes it: Python names where the SDK has a type, wire names elsewhere."""
    if isinstance(value, str):
        return _shared(value)
    if isinstance(value, Mapping):
        return {name: _python(inner, inner_type) for name, inner, inner_type in _members(value, typ)}
    if isinstance(value, list):
        return [_python(inner, _element(typ)) for inner in value]
    return None if isinstance(value, Secret | Unknown) else value


def _leaves(value: WireValue, typ: Any, place: Place) -> Iterator[tuple[Place, WireValue]]:
    if isinstance(value, Mapping):
        for name, inner, inner_type in _members(value, typ):
            yield from _leaves(inner, inner_type, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, _element(typ), (*place, index))
    else:
        yield place, value


def _members(value: Mapping[str, WireValue], typ: Any) -> Iterable[tuple[str, WireValue, Any]]:
    typ = _types.unwrap_type(typ) if typ else None
    if typ is not None:
        typ = _types.reduce_discriminated_union(typ, value, lambda _, name: name) or typ
    if typ is None or not _types.is_input_type(typ):
        return [(_shared(key), inner, None) for key, inner in value.items()]
    names = {wire: name for name, wire in _types.input_type_py_to_pulumi_names(typ).items()}
    types = _types.input_type_types(typ)
    return [(_shared(names.get(key, key)), inner, types.get(key)) for key, inner in value.items()]


def _element(typ: Any) -> Any:
    typ = _types.unwrap_type(typ) if typ else None
    return typing.get_args(typ)[0] if typing.get_origin(typ) in {Sequence, list} else None


_SEEN: dict[str, str] = {}


def _shared(text: str) -> str:
    """One object for equal texts, as a program that writes a value once has it once."""
    return _SEEN.setdefault(text, text)
