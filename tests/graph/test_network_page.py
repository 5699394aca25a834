"""The page about who may reach what, compared with a preview: an early check of what the cluster tests confirm."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pytest

import catalog
import config
from planning import decide
from tests.cluster import traffic
from tests.cluster.documented_table import Fact
from tests.graph.stacks import STACKS, Entry, Sections, entries_of, graph_of, is_kubernetes, sections_of

# The namespaces that every cluster has.
_SPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
# What keeps something in a namespace of its own, where the stack file asks for it.
OBSERVED: Final[Mapping[str, Any]] = {"logs": {"backend": "loki"}, "traces": {"backend": "tempo"}}
_NAME = "kubernetes.io/metadata.name"


class Declared:
    """The objects of a preview, with what every API server adds to them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in _SPACES]
        self._objects = [*(entry["inputs"] for entry in entries if is_kubernetes(entry)), *spaces]

    def list(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        found = [item for item in self._objects if (item.get("apiVersion"), item.get("kind")) == (api_version, kind)]
        return [_named(item) for item in found] if kind == "Namespace" else found


def _named(namespace: Mapping[str, Any]) -> dict[str, Any]:
    meta = namespace["metadata"]
    return {**namespace, "metadata": {**meta, "labels": {**meta.get("labels", {}), _NAME: meta["name"]}}}


@pytest.mark.parametrize("stack", STACKS)
def test_traffic_and_namespaces_equal_the_page(stack: str) -> None:
    admitted, limits = _facts(stack, entries_of(stack))
    traffic.documented("traffic").require(stack, admitted)
    traffic.documented("namespaces").require(stack, limits)


@pytest.mark.parametrize("kept", tuple(OBSERVED))
def test_what_logs_and_traces_add_equals_the_page(kept: str) -> None:
    """What only logs or traces bring is in tables of its own, since no shipped stack keeps any."""

    def change(sections: Sections) -> None:
        sections["observability"][kept] = OBSERVED[kept]

    (more, limits), (usual, usual_limits) = (
        _facts("dev", entries) for entries in (tuple(graph_of("dev", change).to_json()), entries_of("dev"))
    )
    assert usual <= more
    traffic.documented("observed-traffic", tuple(OBSERVED)).require(kept, more - usual)
    traffic.documented("observed-namespaces", tuple(OBSERVED)).require(kept, limits - usual_limits)


def _facts(stack: str, entries: Iterable[Entry]) -> tuple[set[Fact], set[Fact]]:
    """Who may reach whom, and what is so of each namespace. The addresses are those of the stack."""
    declared, foundation = Declared(entries), decide(config.load(sections_of(stack)), catalog.load()).foundation
    rules = traffic.network_rules(declared)
    return traffic.admitted(traffic.groups(declared, foundation), rules), traffic.limits(declared, rules)
