"""What runs on the system nodes beside the models, and what it requests: AKS' own pods, agents, charts, proxies.

Sources: catalog/system_pods.yaml for what AKS and charts request, planning/plan/system_pods.py for what is set here.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from catalog import SystemContainer, SystemPod
from planning.plan.system_pods import (
    ENVOY,
    EXTERNAL_PROCESSOR,
    JAEGER,
    LOG_COLLECTOR,
    LOKI,
    RATE_LIMIT,
    RATE_LIMIT_REPLICAS,
    REDIS,
    REPLICAS,
    REQUESTS,
    SAFETY,
    TEMPO,
    TRACE_COLLECTOR_REPLICAS,
    TRACES,
    USAGE_EXPORT,
    Requests,
)
from planning.resolving.limiter import limits_are_counted
from planning.resolving.logs import in_loki
from planning.resolving.production import on_in_production
from planning.resolving.resolution import Resolution, derived

# Words of the catalog for numbers of pods that the stack file says.
_PROXIES, _OBSERVABILITY = "proxies", "observability"
# Containers whose requests this program says, and no chart, by the words of their pods in the catalog.
_OURS = {_PROXIES: (ENVOY, EXTERNAL_PROCESSOR), "rate-limits": (RATE_LIMIT,), "redis": (REDIS,)}


class SystemLoad(Struct, frozen=True):
    """Equal pods on the system nodes: how many, at the fewest and the most proxies, and what one of them requests."""

    name: str
    fewest: int
    most: int
    cpu_millicores: int
    memory_mib: int
    every_node: bool


@derived
def system_loads(stack: Resolution) -> tuple[SystemLoad, ...]:
    """Everything that runs on the system nodes, in the order of the catalog."""
    pods = stack.catalog.system_pods
    limiting = _limiting(stack)
    return (
        *(_load(stack, "", pod) for pod in pods.aks),
        *(_load(stack, "", pod) for agent in _agents(stack) for pod in pods.agents[agent]),
        *(
            _load(stack, chart, pod)
            for chart, own in pods.charts.items()
            for pod in own
            if limiting.get(pod.replicas or "", 1)
        ),
        *_safety(stack),
        *_traces(stack),
        *_logs(stack),
        *_usage_export(stack),
    )


def _limiting(stack: Resolution) -> dict[str, int]:
    """Pods by which tenants' limits are counted, by their words in the catalog."""
    if not limits_are_counted(stack):
        return {"rate-limits": 0, "redis": 0}
    return {"rate-limits": RATE_LIMIT_REPLICAS, "redis": int(stack.settings.limiter.redis == "in-cluster")}


def _safety(stack: Resolution) -> tuple[SystemLoad, ...]:
    settings = stack.settings.safety
    if settings is None:
        return ()
    return (_own("content-safety", settings.replicas, SAFETY),)


def _traces(stack: Resolution) -> tuple[SystemLoad, ...]:
    traces = stack.settings.observability.traces
    if traces is None:
        return ()
    stores = {"tempo": TEMPO, "jaeger": JAEGER}
    collectors = _own("trace-collector", TRACE_COLLECTOR_REPLICAS, TRACES)
    return (collectors, *(_own("trace-store", 1, size) for name, size in stores.items() if name == traces.backend))


def _logs(stack: Resolution) -> tuple[SystemLoad, ...]:
    if in_loki(stack.settings) is None:
        return ()
    reads = SystemLoad("log-collector", 1, 1, LOG_COLLECTOR.cpu_millicores, LOG_COLLECTOR.memory_mib, every_node=True)
    return (reads, _own("log-store", 1, LOKI))


def _own(name: str, pods: int, size: Requests) -> SystemLoad:
    return SystemLoad(name, pods, pods, size.cpu_millicores, size.memory_mib, every_node=False)


def _usage_export(stack: Resolution) -> tuple[SystemLoad, ...]:
    if stack.settings.observability.usage_export is None:
        return ()
    return (_own("usage-export", 1, USAGE_EXPORT),)


def _agents(stack: Resolution) -> tuple[str, ...]:
    """Azure's own agents that the stack file switches on."""
    audit, drivers = stack.settings.observability.audit, stack.settings.cluster.storage_drivers
    switches = {
        "file": "file" in drivers,
        "blob": "blob" in drivers,
        "azure_policy": on_in_production(stack.settings.platform, stack.settings.security.azure_policy),
        "container_logs": audit is not None and audit.container_logs,
        "defender": audit is not None and audit.defender,
    }
    return tuple(agent for agent, is_on in switches.items() if is_on)


def _load(stack: Resolution, chart: str, pod: SystemPod) -> SystemLoad:
    fewest, most = _replicas(stack, chart, pod)
    requests = list(_requests(chart, pod.containers))
    requests += [(ours.cpu_millicores, ours.memory_mib) for ours in _OURS.get(pod.replicas or "", ())]
    return SystemLoad(
        name=pod.name if not chart else f"{chart}/{pod.name}",
        fewest=fewest,
        most=most,
        cpu_millicores=sum(cpu for cpu, _ in requests),
        memory_mib=sum(memory for _, memory in requests),
        every_node=pod.every_node,
    )


def _replicas(stack: Resolution, chart: str, pod: SystemPod) -> tuple[int, int]:
    if pod.replicas == _PROXIES:
        proxies = stack.settings.gateway.replicas
        return proxies.min, proxies.max
    if pod.replicas == _OBSERVABILITY:
        return stack.settings.observability.replicas, stack.settings.observability.replicas
    limiting = _limiting(stack).get(pod.replicas or "")
    if limiting is not None:
        return limiting, limiting
    ours = REPLICAS.get(chart, {}).get(pod.replicas) if pod.replicas is not None else None
    pods = pod.pods if ours is None else ours
    return pods, pods


def _requests(chart: str, containers: Iterable[SystemContainer]) -> Iterator[tuple[int, int]]:
    for container in containers:
        ours = REQUESTS.get(chart, {}).get(container.values) if container.values is not None else None
        if ours is None:
            yield container.cpu_millicores, container.memory_mib
        else:
            yield ours.cpu_millicores, ours.memory_mib
