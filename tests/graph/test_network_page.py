"""The page about who may reach what, held to a preview: what the cluster's own answers will be, minutes earlier."""

from collections.abc import Mapping
from typing import Any

import pytest

import catalog
import config
from planning import decide
from tests.cluster import traffic
from tests.graph.stacks import STACKS, entries_of, is_kubernetes, sections_of

# Those that every cluster has.
_SPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_NAME = "kubernetes.io/metadata.name"


class Declared:
    """The objects of a preview, with what every API server adds to them."""

    def __init__(self, stack: str) -> None:
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in _SPACES]
        self._objects = [*(entry["inputs"] for entry in entries_of(stack) if is_kubernetes(entry)), *spaces]

    def list(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        found = [one for one in self._objects if (one.get("apiVersion"), one.get("kind")) == (api_version, kind)]
        return [_named(one) for one in found] if kind == "Namespace" else found


def _named(namespace: Mapping[str, Any]) -> dict[str, Any]:
    meta = namespace["metadata"]
    return {**namespace, "metadata": {**meta, "labels": {**meta.get("labels", {}), _NAME: meta["name"]}}}


@pytest.mark.parametrize("stack", STACKS)
def test_traffic_and_namespaces_are_what_the_page_says(stack: str) -> None:
    there, foundation = Declared(stack), decide(config.load(sections_of(stack)), catalog.load()).foundation
    rules = traffic.network_rules(there)
    traffic.documented("traffic").require(stack, traffic.admitted(traffic.groups(there, foundation), rules))
    traffic.documented("namespaces").require(stack, traffic.limits(there, rules))
