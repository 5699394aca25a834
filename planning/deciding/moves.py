"""Plans the waits at a move to new system nodes, which is over when the pods of operators have moved too."""

from planning.deciding.images import image
from planning.plan import MovePlan, NodeSelection
from planning.resolving.resolution import ResolvedStack

# The image of a Job that only has to be scheduled: its process exits immediately.
SMALLEST_IMAGE = "pause"


def move(
    stack: ResolvedStack, nodes: NodeSelection, what: str, namespace: str, *, start_seconds: int, end_seconds: int
) -> MovePlan:
    """Plan the wait for `what`: new pods start in `start_seconds`, old ones end within `end_seconds` after it."""
    (revision,) = (value for _, value in nodes.revision)
    return MovePlan(
        name=f"{what}-on-{revision}",
        namespace=namespace,
        image=image(stack, SMALLEST_IMAGE),
        timeout_seconds=start_seconds + end_seconds,
    )
