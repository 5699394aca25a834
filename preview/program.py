"""Runs the program on a stack that was already planned: the graph of `python -m preview`."""

from collections.abc import Mapping
from pathlib import Path

from planning.planner import already_decided
from preview.engine import Graph, Identify, preview
from preview.stack import NAMESPACE, PROJECT, Assessed


def graph_of(stack: str, found: Assessed, project: Path = PROJECT, identify: Identify | None = None) -> Graph:
    """The graph that the program in `project` registers for an accepted stack; the program is given its Plan.

    `identify` answers ids of resources by type and inputs, where they are known before they exist.

    Raises:
        ProgramFailed: the program raised or registered what the engine refuses.
        ValueError: the stack is rejected and has no Plan.
    """
    if found.plan is None:
        message = f"stack {stack} is rejected: there is nothing to build"
        raise ValueError(message)
    with already_decided(found.plan, found.loaded, found.file.secrets):
        return preview(
            project / "__main__.py",
            project=NAMESPACE,
            stack=stack,
            config=found.settings,
            secret_keys=found.secret_keys,
            identify=identify,
        )


def former_urns(graph: Graph) -> Mapping[str, str]:
    """The URNs that resources had under other names, by their aliases, with the present ones.

    Aliases of other types, such as those for other versions of Azure's API, are left out: states that this program made
    have the types that it has.
    """
    found = {}
    for resource in graph:
        head = resource.urn.rpartition("::")[0]
        for alias in resource.options.aliases:
            if alias.urn:
                found[alias.urn] = resource.urn
            elif alias.name and not (alias.type or alias.parent or alias.no_parent):
                found[f"{head}::{alias.name}"] = resource.urn
    return found
