"""Plans what network policies of the charts' namespaces name: addresses, and namespaces of others."""

from planning.deciding import azure_objects
from planning.deciding.releases import NAMESPACE
from planning.deciding.traffic import LINK_LOCAL, NOT_INTERNET
from planning.plan import ChartTrafficPlan
from planning.resolving.logs import log_namespaces
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import safety_namespaces
from planning.resolving.telemetry import telemetry_namespaces


def chart_traffic(stack: ResolvedStack) -> ChartTrafficPlan:
    """Plan it, once for all charts."""
    charts, subnets = stack.catalog.charts, stack.settings.network.subnets
    return ChartTrafficPlan(
        api_server=subnets.api_server,
        vault=subnets.private_endpoints,
        sign_in_hosts=((stack.catalog.azure.token_service.host,) if stack.settings.network.egress == "fqdn" else ()),
        not_internet=NOT_INTERNET,
        never=(azure_objects.PLATFORM_ADDRESS, LINK_LOCAL),
        monitoring=charts["kube-prometheus-stack"].namespace,
        autoscaler=charts["keda"].namespace,
        models=NAMESPACE,
        proxies=charts["gateway-helm"].namespace,
        scraped=tuple(
            sorted(
                {
                    NAMESPACE,
                    *safety_namespaces(stack.resolution),
                    *telemetry_namespaces(stack.resolution),
                    *log_namespaces(stack.settings),
                    *(chart.namespace for chart in charts.values()),
                }
            )
        ),
    )
