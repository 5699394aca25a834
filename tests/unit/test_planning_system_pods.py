"""What runs on the system nodes is counted, and packed onto them as the scheduler could."""

from typing import Any

import pytest
from msgspec.structs import replace
from planning_stacks import CATALOG, plan, settings

from planning.placement.system_capacity import SystemCapacity, system_capacity
from planning.plan.system_pods import ENVOY, EXTERNAL_PROCESSOR
from planning.resolving.resolution import Resolution
from planning.resolving.system_pods import system_loads

SHUTDOWN_MANAGER_MILLICORES = 10


def capacity(catalog: Any = CATALOG, **changes: Any) -> SystemCapacity | None:
    renamed = {name.replace("__", "."): value for name, value in changes.items()}
    return system_capacity(Resolution(settings(renamed), catalog))


def known(**changes: Any) -> SystemCapacity:
    found = capacity(**changes)
    assert found is not None
    return found


def pool(low: int, high: int, **more: Any) -> dict[str, Any]:
    return {"vm_size": "Standard_D4ds_v5", "nodes": {"min": low, "max": high}, **more}


def test_each_proxy_counts_with_all_its_containers() -> None:
    few = known(gateway__replicas={"min": 2, "max": 4})
    more = known(gateway__replicas={"min": 3, "max": 7})
    each = ENVOY.cpu_millicores + EXTERNAL_PROCESSOR.cpu_millicores + SHUTDOWN_MANAGER_MILLICORES
    assert more.fewest_cpu_millicores - few.fewest_cpu_millicores == each
    assert more.most_cpu_millicores - few.most_cpu_millicores == 3 * each
    assert few.most_cpu_millicores - few.fewest_cpu_millicores == 2 * each


def test_a_second_prometheus_comes_with_a_second_alertmanager() -> None:
    loads = {load.name: load for load in system_loads(Resolution(settings({"observability.replicas": 2}), CATALOG))}
    assert loads["kube-prometheus-stack/prometheus"].fewest == 2
    assert loads["kube-prometheus-stack/alertmanager"].fewest == 2


def test_azure_policy_and_storage_drivers_count_where_they_are_switched_on() -> None:
    none, policy = known(), known(security__azure_policy=True)
    # Two of Gatekeeper's three pods admit objects; two more are the add-on's own.
    assert policy.fewest_cpu_millicores - none.fewest_cpu_millicores == 5 * 100
    assert policy.fewest_memory_mib - none.fewest_memory_mib == 5 * 256
    assert known(platform__environment="prod") == policy
    assert known(platform__environment="prod", security__azure_policy=False) == none
    drivers = known(cluster__storage_drivers=["file", "blob", "snapshot"])
    assert none.node_cpu_millicores - drivers.node_cpu_millicores == 2 * 30
    assert none.node_pods - drivers.node_pods == 2


def test_azures_agents_count_where_they_are_switched_on() -> None:
    def with_audit(**audit: Any) -> SystemCapacity:
        return known(observability__audit=audit)

    none, both = known(), with_audit(defender=True)
    logs = with_audit()
    assert none == with_audit(container_logs=False)
    # The agent of the logs: 20 + 75 + 75 millicores on each node, 100 + 150 once.
    assert none.node_cpu_millicores - logs.node_cpu_millicores == 170
    assert logs.fewest_cpu_millicores - none.fewest_cpu_millicores == 250
    assert none.node_pods - logs.node_pods == 1
    # Defender's sensor: 360 + 60 on each node, 60 once.
    assert logs.node_cpu_millicores - both.node_cpu_millicores == 420
    assert both.fewest_memory_mib - logs.fewest_memory_mib == 64
    assert logs.node_pods - both.node_pods == 2


def test_pods_of_every_node_are_taken_off_each_node_and_not_counted_again() -> None:
    loads = system_loads(Resolution(settings({}), CATALOG))
    once = sum(load.cpu_millicores * load.fewest for load in loads if not load.every_node)
    assert known().fewest_cpu_millicores == once
    exporter = next(load for load in loads if load.name == "kube-prometheus-stack/node-exporter")
    without = replace(
        CATALOG,
        system_pods=replace(
            CATALOG.system_pods,
            charts={
                chart: tuple(pod for pod in pods if pod.name != "node-exporter")
                for chart, pods in CATALOG.system_pods.charts.items()
            },
        ),
    )
    freed = capacity(without)
    assert freed is not None
    assert freed.node_cpu_millicores - known().node_cpu_millicores == exporter.cpu_millicores
    assert freed.node_pods - known().node_pods == 1


@pytest.mark.parametrize(
    ("nodes", "zones", "left"),
    [
        (2, None, 1),
        (3, ["1", "2", "3"], 2),
        (4, ["1", "2", "3"], 2),
        (3, ["1", "2"], 1),
        (6, ["1", "2", "3"], 4),
        (1, None, 0),
    ],
)
def test_a_zone_takes_as_many_nodes_with_it_as_are_in_the_fullest(nodes: int, zones: Any, left: int) -> None:
    wanted = pool(nodes, 8) if zones is None else pool(nodes, 8, zones=zones)
    assert known(cluster__system_pool=wanted).reduced_nodes == left


def test_one_node_has_none_to_spare() -> None:
    assert not known(cluster__system_pool=pool(1, 4)).fits_reduced


def test_a_node_takes_no_more_pods_than_its_limit() -> None:
    assert known(cluster__system_pool=pool(1, 1)).fits_fewest
    assert not known(cluster__system_pool=pool(1, 1), cluster__max_pods=30).fits_fewest


def test_memory_is_counted_beside_cpu() -> None:
    def heavier(memory: int) -> Any:
        pods = CATALOG.system_pods.charts["keda"]
        container = replace(pods[0].containers[0], memory_mib=memory)
        charts = {**CATALOG.system_pods.charts, "keda": (replace(pods[0], containers=(container,)), *pods[1:])}
        return replace(CATALOG, system_pods=replace(CATALOG.system_pods, charts=charts))

    room = known().node_memory_mib
    fits, too_large = capacity(heavier(room)), capacity(heavier(room + 1))
    assert fits is not None
    assert too_large is not None
    assert fits.fits_fewest
    assert not too_large.fits_fewest


@pytest.mark.parametrize("wanted", [{"vm_size": "Standard_X", "nodes": {"min": 2, "max": 4}}, pool(0, 4)])
def test_without_a_size_or_a_node_there_is_no_figure(wanted: dict[str, Any]) -> None:
    assert capacity(cluster__system_pool=wanted) is None


def test_the_plan_says_what_the_rules_saw() -> None:
    found, load = known(), plan({}).system_load
    assert (load.node_cpu_millicores, load.node_memory_mib) == (found.node_cpu_millicores, found.node_memory_mib)
    assert (load.min_cpu_millicores, load.max_cpu_millicores) == (
        found.fewest_cpu_millicores,
        found.most_cpu_millicores,
    )
    assert load.spare is found.fits_reduced
