"""The graph's Kubernetes objects as YAML files, and the Helm values of its charts."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from preview.engine import Graph, render

INDEX = "manifests.txt"
CLUSTER_SCOPED = "_cluster"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a YAML block, so that a script in a manifest is readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


class _Object(NamedTuple):
    folder: str
    kind: str
    group: str
    name: str
    text: str


def manifests(resources: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Files by path for the Kubernetes resources among (type token, inputs as JSON).

    `namespace/kind-name.yaml` for objects (`_cluster/` for those without a namespace; the API group is added where two
    objects would share a name), `namespace/release-name.values.yaml` for releases. Keys are sorted as kubectl has
    them; unknown and secret values show as `[unknown]` and `[secret]`. `manifests.txt` lists the files.
    """
    objects = [item for kind, inputs in resources for item in _objects(kind, inputs)]
    paths = Counter(_path(item) for item in objects)
    files = {_path(item) if paths[_path(item)] == 1 else _path(item, item.group): item.text for item in objects}
    if len(files) != len(objects):
        message = f"{len(objects)} objects would share {len(files)} files: two have one kind, namespace and name"
        raise ValueError(message)
    files = {path: files[path] for path in sorted(files)}
    return {**files, INDEX: "".join(f"{path}\n" for path in files)}


def write(folder: Path, graph: Graph) -> None:
    """Write a graph's manifests into a folder, and delete files of an earlier call that no longer belong to it.

    Raises:
        OSError: a file can't be written.
    """
    files = manifests(
        (resource.type, {key: render(value) for key, value in resource.inputs.items()}) for resource in graph
    )
    index = folder / INDEX
    if index.is_file():
        # Only lines that this program wrote count, so bytes that it doesn't write may be anything.
        for path in stale(index.read_text(encoding="utf-8", errors="replace"), files):
            (folder / path).unlink(missing_ok=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def stale(index: str, files: Iterable[str]) -> list[str]:
    """Files of an earlier index that are no longer written; lines that could point outside the folder are ignored."""
    kept = set(files)
    written = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*\.yaml")
    return sorted(line for line in index.splitlines() if written.fullmatch(line) and line not in kept)


def _objects(type_token: str, inputs: Mapping[str, Any]) -> Iterable[_Object]:
    if not type_token.startswith("kubernetes:"):
        return
    if "apiVersion" in inputs and "kind" in inputs:
        metadata = inputs.get("metadata") or {}
        group = str(inputs["apiVersion"]).rpartition("/")[0]
        yield _Object(
            str(metadata.get("namespace", CLUSTER_SCOPED)), str(inputs["kind"]).lower(), group,
            str(metadata.get("name")), _yaml(inputs),
        )  # fmt: skip
    elif "chart" in inputs:
        name, namespace = str(inputs.get("name")), str(inputs.get("namespace", CLUSTER_SCOPED))
        source = {key: inputs[key] for key in ("chart", "version", "repositoryOpts") if key in inputs}
        comment = "".join(f"# {line}\n" for line in _yaml(source).splitlines())
        yield _Object(namespace, "release", "", f"{name}.values", comment + _yaml(inputs.get("values") or {}))


def _path(item: _Object, group: str = "") -> str:
    kind = f"{item.kind}.{group}" if group else item.kind
    return f"{_safe(item.folder)}/{_safe(kind)}-{_safe(item.name)}.yaml"


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name).lstrip(".") or "_"


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, allow_unicode=True, default_flow_style=False, width=120)
