"""What nodes cost now, and whose it is: of each pool the parts of models, of other pods and of nobody add up to it.

A pod has the devices that it requests from its node on until it has ended, whether it is ready or not: during a rollout
old and new pods count, each with its own. What a pod without a node, on a node that is gone, or on one without a price
requests costs nothing here.
"""

from collections.abc import Iterator

from observability.alerts.starting import pods_named
from observability.costs import names
from observability.nodes import names_of_nodes
from observability.rule import Recording
from planning.plan import CostWatchPlan, MonitoringPlan, WatchedModelCost, metrics
from planning.plan.labels import POOL, in_prometheus

_POOL_LABEL = f"label_{in_prometheus(POOL)}"
_DEVICES = 'resource=~"nvidia_com_.+"'
# A pod that has ended keeps its requests and has no device.
_NOT_ENDED = "Pending|Running|Unknown"
_PRICE = f"sum by (pool) ({names.NODE_USD})"


def measured(plan: MonitoringPlan, costs: CostWatchPlan) -> Iterator[Recording]:
    """Recordings in the order in which one needs the other."""
    with_gpus = "|".join(pool.name for pool in costs.pools if pool.shares)
    counted = f"count by (pool) ({_nodes(costs)})"
    # Without kube-state-metrics nothing is known, which isn't the same as no nodes.
    none = f"0 * {_PRICE} and on () count({metrics.NODE_LABELS})"
    yield Recording(name=names.NODES, expression=f"{counted} or {none}")
    yield Recording(name=names.POOL_USD, expression=f"{names.NODE_USD} * on (pool) group_left () {names.NODES}")
    yield Recording(name=names.PLATFORM_USD, expression=f"sum({names.POOL_USD})")
    if not with_gpus:
        return
    of_gpus = f'sum by (pool) ({names.POOL_USD}{{pool=~"{with_gpus}"}})'
    yield Recording(name=names.GPU_USD, expression=f"sum({of_gpus})")
    yield Recording(name=names.POD_SHARE, expression=_pods(costs))
    yield Recording(name=names.ALLOCATED, expression=f"{_usd(names.POD_SHARE)} or 0 * {of_gpus}")
    yield Recording(name=names.FREE, expression=f"{of_gpus} - {names.ALLOCATED}")
    for model in costs.models:
        own = f'sum by (pool) ({names.POOL_USD}{{pool=~"{"|".join(model.pools)}"}})'
        labels = {"model": model.name}
        pods = _pods_of(plan, model)
        yield Recording(name=names.MODEL_POOL_USD, expression=f"{_usd(pods)} or 0 * {own}", labels=labels)
        idle = f"{pods} * on (namespace, pod) group_left () {_idle(plan)}"
        yield Recording(name=names.UNUSED, expression=f"{_usd(idle)} or 0 * {own}", labels=labels)
    of_models = f"sum by (pool) ({names.MODEL_POOL_USD}) or 0 * {names.ALLOCATED}"
    yield Recording(name=names.OTHER, expression=f"{names.ALLOCATED} - ({of_models})")
    complete = "|".join(model.name for model in costs.models if model.complete)
    if complete:
        yield Recording(
            name=names.MODEL_USD, expression=f'sum by (model) ({names.MODEL_POOL_USD}{{model=~"{complete}"}})'
        )
    unused = f"(sum({names.UNUSED}) or 0 * sum({names.FREE}))"
    yield Recording(name=names.IDLE_USD, expression=f"sum({names.FREE}) + {unused}")


def _nodes(costs: CostWatchPlan) -> str:
    """1 for each node of a pool with a price, by `node` and `pool`; also a node that takes no pods, or isn't ready."""
    labelled = "|".join(pool.name for pool in costs.pools if pool.labelled)
    found = []
    if labelled:
        series = f'{metrics.NODE_LABELS}{{{_POOL_LABEL}=~"{labelled}"}}'
        found.append(f'label_replace({series}, "pool", "$1", "{_POOL_LABEL}", "(.+)")')
    for pool in costs.pools:
        if not pool.labelled:
            series = f'{metrics.NODE_LABELS}{{node=~"{names_of_nodes(pool.name)}"}}'
            found.append(f'label_replace({series}, "pool", "{pool.name}", "node", ".+")')
    # By node: while the exporter is replaced, Prometheus has each series twice for some minutes.
    return f"max by (node, pool) ({' or '.join(found)})"


def _pods(costs: CostWatchPlan) -> str:
    # Where no node is chosen yet, the label `node` is empty and matches none.
    requested = f"{metrics.REQUESTED}{{{_DEVICES}}}"
    devices = f"max by (namespace, pod, container, node, resource) ({requested})"
    on_nodes = f"{devices} * on (node) group_left (pool) {_nodes(costs)}"
    shares = f"{on_nodes} * on (pool, resource) group_left () sum by (pool, resource) ({names.DEVICE_SHARE})"
    not_ended = f'max by (namespace, pod) ({metrics.POD_PHASE}{{phase=~"{_NOT_ENDED}"}}) == 1'
    return f"sum by (namespace, pod, pool) ({shares}) and on (namespace, pod) {not_ended}"


def _pods_of(plan: MonitoringPlan, model: WatchedModelCost) -> str:
    return f'{names.POD_SHARE}{{namespace="{plan.models_namespace}",pod=~"{pods_named(model.workloads)}"}}'


def _usd(shares: str) -> str:
    """Cost of shares of nodes, by pool."""
    return f"sum by (pool) ({shares}) * on (pool) {_PRICE}"


def _idle(plan: MonitoringPlan) -> str:
    """Share of now in which a pod's GPUs compute nothing; none of pods that the exporter names none of."""
    active = f'{plan.gpu_metrics.engine_active}{{namespace="{plan.models_namespace}"}}'
    return f"(1 - avg by (namespace, pod) ({active}))"
