"""Validates an object by a real CustomResourceDefinition: its schema, closed against misspelt keys."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

Schema = dict[str, Any]
# Kubernetes validates these itself, equally for every kind.
_ENVELOPE = ("apiVersion", "kind", "metadata", "status")


@dataclass(frozen=True, slots=True)
class Kind:
    """One served version of a kind; its CEL rules (`x-kubernetes-validations`) are not evaluated here."""

    namespaced: bool
    validator: Validator

    def problems(self, manifest: Mapping[str, Any]) -> list[str]:
        """Every violation of the schema by `manifest`, as `path: message`."""
        own = {key: value for key, value in manifest.items() if key not in _ENVELOPE}
        found = [
            f"{'.'.join(str(step) for step in error.absolute_path) or '(root)'}: {error.message}"
            for error in self.validator.iter_errors(own)
        ]
        if self.namespaced != ("namespace" in manifest["metadata"]):
            found.append(f"metadata.namespace: {'missing' if self.namespaced else 'the kind is cluster-scoped'}")
        return sorted(found)


def kinds(directory: Path) -> Mapping[tuple[str, str], Kind]:
    """Every served version of every CRD in the files of `directory`, by `apiVersion` and kind."""
    return _kinds(directory.resolve())


@functools.cache
def _kinds(directory: Path) -> Mapping[tuple[str, str], Kind]:
    found = {}
    for file in sorted(directory.glob("*.yaml")):
        for document in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader):
            if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                found.update(_versions(document["spec"]))
    return found


def _versions(spec: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Kind]]:
    for version in spec["versions"]:
        if not version["served"]:
            continue
        schema = closed(version["schema"]["openAPIV3Schema"])
        for key in _ENVELOPE:
            schema["properties"].pop(key, None)
        schema["required"] = [key for key in schema.get("required", ()) if key not in _ENVELOPE]
        name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
        yield name, Kind(spec["scope"] == "Namespaced", Draft202012Validator(schema))


def closed(schema: Mapping[str, Any]) -> Schema:
    """A structural schema as JSON Schema that refuses keys it does not know, as `kubectl --validate=strict` does.

    Branches of `anyOf`, `allOf`, `oneOf` and `not` only add conditions in a structural schema and stay open.
    """
    result = dict(schema)
    if result.get("x-kubernetes-int-or-string"):
        # What the API server accepts besides the branches: both types.
        result["type"] = ["integer", "string"]
    if isinstance(result.get("items"), Mapping):
        result["items"] = closed(result["items"])
    if isinstance(result.get("additionalProperties"), Mapping):
        result["additionalProperties"] = closed(result["additionalProperties"])
    if "properties" in result:
        result["properties"] = {key: closed(value) for key, value in result["properties"].items()}
        if not result.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in result:
            result["additionalProperties"] = False
    if result.pop("nullable", False) and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    return result
