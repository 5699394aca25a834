"""Plans which images may run in the namespaces that this program owns."""

from planning.deciding import azure_objects
from planning.deciding.releases import NAMESPACE
from planning.deciding.traffic import GATEWAY_NAMESPACE, NODE_EXPORTER_NAMESPACE
from planning.plan import ImageAdmissionPlan
from planning.resolving.logs import log_namespaces
from planning.resolving.repositories import allowed_repositories
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import safety_namespaces
from planning.resolving.telemetry import telemetry_namespaces

_NAME = "llm-platform-images"


def platform_namespaces(stack: ResolvedStack) -> tuple[str, ...]:
    """The namespaces of all charts, of the node exporter, the gateway and the models, sorted."""
    charts = (chart.namespace for chart in stack.catalog.charts.values())
    ours = (GATEWAY_NAMESPACE, NODE_EXPORTER_NAMESPACE, NAMESPACE)
    optional = (
        *safety_namespaces(stack.resolution),
        *telemetry_namespaces(stack.resolution),
        *log_namespaces(stack.settings),
    )
    return tuple(sorted({*charts, *ours, *optional}))


def image_admission(stack: ResolvedStack) -> ImageAdmissionPlan:
    """Plan the policy, in all of the platform's namespaces."""
    return ImageAdmissionPlan(
        name=_NAME,
        namespaces=platform_namespaces(stack),
        repositories=allowed_repositories(stack.resolution, azure_objects.registry_host(stack)),
    )
