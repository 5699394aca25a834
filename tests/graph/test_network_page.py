"""The page about who may reach what, compared with a preview: an early check of what the cluster tests confirm."""

from collections.abc import Mapping
from typing import Any

import pytest

import catalog
import config
from planning import decide
from tests.cluster import traffic
from tests.graph.stacks import STACKS, entries_of, is_kubernetes, sections_of

# The namespaces that every cluster has.
_SPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_NAME = "kubernetes.io/metadata.name"


class Declared:
    """The objects of a preview, with what every API server adds to them."""

    def __init__(self, stack: str) -> None:
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in _SPACES]
        self._objects = [*(entry["inputs"] for entry in entries_of(stack) if is_kubernetes(entry)), *spaces]

    def list(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        found = [item for item in self._objects if (item.get("apiVersion"), item.get("kind")) == (api_version, kind)]
        return [_named(item) for item in found] if kind == "Namespace" else found


def _named(namespace: Mapping[str, Any]) -> dict[str, Any]:
    meta = namespace["metadata"]
    return {**namespace, "metadata": {**meta, "labels": {**meta.get("labels", {}), _NAME: meta["name"]}}}


@pytest.mark.parametrize("stack", STACKS)
def test_traffic_and_namespaces_equal_the_page(stack: str) -> None:
    declared, foundation = Declared(stack), decide(config.load(sections_of(stack)), catalog.load()).foundation
    rules = traffic.network_rules(declared)
    traffic.documented("traffic").require(stack, traffic.admitted(traffic.groups(declared, foundation), rules))
    traffic.documented("namespaces").require(stack, traffic.limits(declared, rules))
