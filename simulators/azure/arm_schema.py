"""Pulumi inputs checked against Azure's own resource types: names, required fields, enums, lengths, patterns, ranges.

Source: the type definitions of Azure/bicep-types-az at the API versions that pulumi-azure-native 3.29 uses by default.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from simulators.azure.arm_paths import path_inputs
from simulators.provider_protocol.wire import Unknown

Severity = Literal["error", "warning"]
Type = Mapping[str, Any]

_REQUIRED: Final = 1
_READ_ONLY: Final = 2
# Where the SDK's name is no plain rewriting of ARM's.
RENAMES: Final = {
    "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
    "enableNfsV3": "isNfsV3Enabled",
    "encryptionIdentity": "identity",
    "encryptionUserAssignedIdentity": "userAssignedIdentity",
    "expires": "exp",
    "iPAddressOrRange": "value",
    "keyName": "keyname",
    "keyVaultProperties": "keyvaultproperties",
    "keyVaultUri": "keyvaulturi",
    "networkRuleSet": "networkAcls",
    "notBefore": "nbf",
    "virtualNetworkResourceId": "id",
}
# The published types know no fractions: these are numbers that Azure accepts with one.
_FRACTIONAL: Final = frozenset({"amount", "samplingPercentage", "spotMaxPrice", "threshold"})
# Values of open enums that Azure documents and the published types don't list: streams of Container insights,
# MicrosoftDocs/azure-monitor-docs articles/azure-monitor/containers/container-insights-transformations.md @037126b0.
# Samples: articles/azure-monitor/metrics/prometheus-remote-write.md.
_DOCUMENTED: Final = {
    "monitor:DataCollectionRule": frozenset({"Microsoft-ContainerLogV2", "Microsoft-PrometheusMetrics"})
}
# Filled in elsewhere: the name from the path, the location from the resource group.
_NEVER_REQUIRED: Final = frozenset({"name", "location"})


@dataclass(frozen=True)
class Problem:
    """One objection to an input, at a Pulumi property path. An open enum's unlisted value is only a warning."""

    path: str
    reason: str
    severity: Severity = "error"


def _camel(name: str) -> str:
    first, *rest = re.split(r"[-_.]", name)
    joined = first + "".join(part[:1].upper() + part[1:] for part in rest)
    return joined[:1].lower() + joined[1:]


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@dataclass(frozen=True)
class ArmSchema:
    """The definition of one resource type at the API version that the SDK uses by default."""

    token: str
    arm_type: str
    api_version: str
    types: tuple[Type, ...]

    @classmethod
    def load(cls, directory: Path, token: str) -> Self:
        """Read the definition of `module:Type`.

        Raises:
            FileNotFoundError: the folder has no definition of this type.

        """
        data = json.loads((directory / f"{token.replace(':', '.')}.json").read_text())
        arm_type, api_version = data["types"][0]["name"].split("@")
        return cls(token, arm_type, api_version, tuple(data["types"]))

    def _resolve(self, reference: Mapping[str, str]) -> Type:
        return self.types[int(reference["$ref"].removeprefix("#/"))]

    @cached_property
    def _body(self) -> Type:
        return self._resolve(self.types[0]["body"])

    @cached_property
    def is_located(self) -> bool:
        """Whether the resource takes a `location`."""
        location = self._body["properties"].get("location")
        return location is not None and not location["flags"] & _READ_ONLY

    def check(self, inputs: Mapping[str, Any]) -> list[Problem]:
        """Everything that Azure would refuse in these inputs; what is unknown yet is passed over."""
        paths = path_inputs(self.token)
        problems = [
            Problem(part, "required: it is part of the resource's path") for part in paths if inputs.get(part) is None
        ]
        if paths[1:] and isinstance(own := inputs.get(paths[-1]), str):
            name_type = self._resolve(self._body["properties"]["name"]["type"])
            problems += self._value(name_type, own, paths[-1], "name")
        body = {key: value for key, value in inputs.items() if key not in paths}
        problems += self._object(self._body, body, "")
        return sorted(set(problems), key=lambda problem: (problem.path, problem.reason))

    def _value(self, kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
        if isinstance(value, Unknown) or value is None:
            return
        match kind["$type"]:
            case "ObjectType" | "DiscriminatedObjectType":
                yield from self._mapping(kind, value, path, key)
            case "ArrayType":
                yield from self._array(kind, value, path, key)
            case "UnionType":
                yield from self._union(kind, value, path, key)
            case _:
                yield from _scalar(kind, value, path, key)

    def _mapping(self, kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
        if key == "userAssignedIdentities" and isinstance(value, list):
            # A list of ids in Pulumi, a map keyed by id in ARM.
            for index, item in enumerate(value):
                yield from _string({}, item, f"{path}[{index}]")
        elif isinstance(value, Mapping):
            yield from self._object(kind, value, path)
        else:
            yield Problem(path, f"{value!r}: must be an object")

    def _object(self, kind: Type, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
        fields: dict[str, Any] = dict(kind.get("properties", {}))
        if kind["$type"] == "DiscriminatedObjectType":
            discriminator = _camel(kind["discriminator"])
            tag = value.get(discriminator)
            if isinstance(tag, Unknown):
                return
            if tag not in kind["elements"]:
                allowed = ", ".join(sorted(kind["elements"]))
                yield Problem(_below(path, discriminator), f"{tag!r}: must be one of {allowed}")
                return
            fields = {**kind["baseProperties"], **self._resolve(kind["elements"][tag])["properties"]}
        own = {_camel(name): field for name, field in fields.items()}
        inner = {} if "properties" in value else self._flattened(fields)
        given: set[str] = set()
        for key, item in value.items():
            if item is None:
                continue
            name, field = self._find(key, own, inner, at_top=not path)
            if field is None:
                yield from self._additional(kind, key, item, path, sorted({*own, *inner}))
                continue
            given.add(name)
            yield from self._value(self._resolve(field["type"]), item, _below(path, key), key)
        yield from self._missing(fields, own, inner, given, path)

    def _flattened(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        if "properties" not in fields:
            return {}
        nested = self._resolve(fields["properties"]["type"])
        found = dict(nested.get("properties", {})) | dict(nested.get("baseProperties", {}))
        for element in nested.get("elements", {}).values() if nested["$type"] == "DiscriminatedObjectType" else ():
            found |= self._resolve(element)["properties"]
        return {_camel(name): field for name, field in found.items()}

    @staticmethod
    def _find(key: str, own: Mapping[str, Any], inner: Mapping[str, Any], *, at_top: bool) -> tuple[str, Any]:
        for name in (key, _camel(RENAMES.get(key, key))):
            candidates = [fields[name] for fields in (own, inner) if name in fields]
            writable = [field for field in candidates if not field["flags"] & _READ_ONLY]
            if writable:
                return name, writable[0]
            if name == "id" and candidates and not at_top:
                # A reference to another resource is written with the read-only field of that resource.
                return name, candidates[0]
        return key, None

    def _additional(self, kind: Type, key: str, item: Any, path: str, allowed: list[str]) -> Iterator[Problem]:
        if "additionalProperties" in kind:
            yield from self._value(self._resolve(kind["additionalProperties"]), item, _below(path, key), key)
        else:
            yield Problem(_below(path, key), f"unknown or read-only; {self.arm_type} takes {', '.join(allowed)}")

    def _missing(
        self,
        fields: Mapping[str, Any],
        own: Mapping[str, Any],
        inner: Mapping[str, Any],
        given: set[str],
        path: str,
    ) -> Iterator[Problem]:
        expected = {name: field for name, field in own.items() if name != "properties" or not inner}
        if inner and (fields["properties"]["flags"] & _REQUIRED or given & (inner.keys() - own.keys())):
            expected = {**inner, **expected}
        for name, field in expected.items():
            exempt = not path and name in _NEVER_REQUIRED
            if field["flags"] & _REQUIRED and not field["flags"] & _READ_ONLY and name not in given and not exempt:
                yield Problem(_below(path, name), "required")

    def _array(self, kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, f"{value!r}: must be a list")
            return
        yield from _length(kind, len(value), path, "items")
        item_type = self._resolve(kind["itemType"])
        for index, item in enumerate(value):
            yield from self._value(item_type, item, f"{path}[{index}]", key)

    def _union(self, kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
        elements = [self._resolve(element) for element in kind["elements"]]
        literals = [element["value"] for element in elements if element["$type"] == "StringLiteralType"]
        others = [element for element in elements if element["$type"] != "StringLiteralType"]
        if value in literals or value in _DOCUMENTED.get(self.token, ()):
            return
        outcomes = [list(self._value(element, value, path, key)) for element in others]
        accepted = any(not outcome for outcome in outcomes)
        listed = ", ".join(map(repr, literals))
        if accepted and literals:
            yield Problem(path, f"{value!r} is not among the listed values {listed}", "warning")
        elif not accepted:
            yield from outcomes[0] if outcomes else [Problem(path, f"{value!r}: must be one of {listed}")]


def _length(kind: Type, length: int, path: str, unit: str) -> Iterator[Problem]:
    least, most = kind.get("minLength", 0), kind.get("maxLength")
    if length < least or (most is not None and length > most):
        yield Problem(path, f"{length} {unit}: must be {least} to {'any number' if most is None else most}")


def _scalar(kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
    match kind["$type"]:
        case "StringLiteralType":
            if value != kind["value"]:
                yield Problem(path, f"{value!r}: only {kind['value']!r} is allowed")
        case "StringType":
            yield from _string(kind, value, path)
        case "IntegerType":
            yield from _number(kind, value, path, key)
        case "BooleanType":
            if not isinstance(value, bool):
                yield Problem(path, f"{value!r}: must be true or false")


def _string(kind: Type, value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, Unknown):
        return
    if not isinstance(value, str):
        yield Problem(path, f"{value!r}: must be a string")
        return
    yield from _length(kind, len(value), path, "characters")
    if "pattern" in kind and not re.search(kind["pattern"], value):
        yield Problem(path, f"{value!r}: must match {kind['pattern']}")


def _number(kind: Type, value: Any, path: str, key: str) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem(path, f"{value!r}: must be a number")
        return
    if not float(value).is_integer() and key not in _FRACTIONAL:
        yield Problem(path, f"{value!r}: must be a whole number")
    least, most = kind.get("minValue"), kind.get("maxValue")
    if (least is not None and value < least) or (most is not None and value > most):
        yield Problem(path, f"{value:g}: must be {least} to {'any' if most is None else most}")
