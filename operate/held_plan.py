"""Whether an update can be held to what was previewed."""

import json
from pathlib import Path
from typing import Final

# The ends of the types by which everything in the cluster is reached.
_CLUSTER: Final = (":ManagedCluster", "pulumi:providers:kubernetes")


def changes_the_cluster(plan: Path) -> bool:
    """Whether the cluster or the provider of its objects is made or changed by a plan that Pulumi has saved.

    What the provider gets is then unknown in the preview, and Pulumi ends the update midway: `violates plan:
    dependencies for kubeconfig changed`.
    """
    resources = json.loads(plan.read_text(encoding="utf-8")).get("resourcePlans") or {}
    return any(
        urn.split("::")[2].endswith(_CLUSTER) and set(each.get("steps") or ()) - {"same"}
        for urn, each in resources.items()
    )
