"""What a container of the platform requests, as Pulumi types it."""

from typing import cast

from pulumi_kubernetes.core.v1 import ResourceRequirementsArgsDict

from planning.plan.system_pods import Requests


def container_resources(requests: Requests) -> ResourceRequirementsArgsDict:
    """`resources` of a container; charts' values take the same mapping."""
    return cast("ResourceRequirementsArgsDict", requests.resources())
