"""Plans the check of stored weights before a server loads them."""

from planning.naming import WEIGHTS_CONTAINER
from planning.placement import resources
from planning.placement.weights_check import threads
from planning.plan import WeightsCheckPlan
from planning.resolving.releases import ResolvedRelease
from planning.resolving.resolution import ResolvedStack


def weights_check(stack: ResolvedStack, view: ResolvedRelease) -> WeightsCheckPlan | None:
    """Plan the check of a release with a manifest; None for any other."""
    source = view.settings.source
    if source.blob is None or source.manifest_sha256 is None:
        return None
    # Few stacks have a manifest, and the module loads what talks HTTP.
    from reading import check_weights  # noqa: PLC0415 - as above

    cpu, _ = resources(view)
    account = stack.names.storage_account.value
    count = str(threads(cpu))
    return WeightsCheckPlan(
        script=check_weights.source(),
        arguments=("store", account, WEIGHTS_CONTAINER, source.blob, source.manifest_sha256, count),
    )
