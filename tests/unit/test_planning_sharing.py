"""GPUs that are sliced or shared: the pods' requests, the memory of each, and the GPU Operator's values."""

import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import CATALOG, DROP, model, plan, planned, pool

from components.serving.pod import pod_template
from planning import Plan
from planning.gpus import devices, mig
from planning.plan import ExtendedResource
from planning.plan.labels import DEVICE_PLUGIN_CONFIG, MIG_CONFIG

ONE, TWO = "Standard_NC40ads_H100_v5", "Standard_NC80adis_H100_v5"
# What Kubernetes takes as a label's value.
LABEL = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
RESOURCE = re.compile(r"^nvidia\.com/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")


def shared(sharing: str = "time-slicing", replicas: int = 2, *, vm_size: str = ONE, **gpu: Any) -> dict[str, Any]:
    """The development stack with a second pool of shared GPUs and a model on it."""
    shared_pool = pool("other", vm_size=vm_size, gpu={"sharing": sharing, "replicas": replicas, **gpu})
    return {"pools[1]": shared_pool, "models[2]": model("more", "other")}


def operator(made: Plan) -> Any:
    return made.gpu_operator.values


# ------------------------------------------------------------------ shares
@pytest.mark.parametrize("sharing", ["time-slicing", "mps"])
def test_a_share_is_of_the_whole_gpu_and_keeps_its_name(sharing: str) -> None:
    made = plan(shared(sharing, 2, vm_size=TWO))
    (workload,) = made.models[2].workloads
    release = made.models[2].releases[0]
    assert made.pools[1].resources == (("nvidia.com/gpu", 4),)
    assert made.pools[1].offers == (("GPU/2", 4),)
    assert workload.request == ExtendedResource(name="nvidia.com/gpu", count=1, device="GPU/2")
    memory = release.memory
    assert memory.device_gib == 93.12
    assert memory.budget_gib == pytest.approx(93.12 * 0.45, abs=0.01)
    assert release.args[release.args.index("--gpu-memory-utilization") + 1] == "0.45"


def test_a_share_counts_its_batch_on_its_part_of_the_memory() -> None:
    whole, part = (
        plan(shared(replicas=2)).models[2].releases[0],
        plan({"pools[1]": pool("other"), "models[2]": model("more", "other")}),
    )
    assert whole.args[whole.args.index("--max-num-batched-tokens") + 1] == "2048"
    alone = part.models[2].releases[0].args
    assert alone[alone.index("--max-num-batched-tokens") + 1] == "8192"


@given(st.integers(2, 100))
def test_default_shares_fit_together(replicas: int) -> None:
    share = devices.shared_utilization(replicas)
    assert share > 0
    assert share * replicas <= devices.SHAREABLE_FRACTION
    assert (share + 0.001) * replicas > devices.SHAREABLE_FRACTION


@given(
    st.integers(2, 6),
    st.lists(st.tuples(st.integers(1, 95), st.integers(1, 4)), min_size=1, max_size=4),
)
def test_given_shares_are_refused_exactly_if_some_pods_together_take_too_much(
    candidates: int, takers: list[tuple[int, int]]
) -> None:
    more = {
        f"models[{2 + index}]": model(
            f"m{index}",
            "other",
            replicas={"min": high, "max": high},
            engine={"gpu_memory_utilization": share / 100},
        )
        for index, (share, high) in enumerate(takers)
    }
    on = pool(
        "other", vm_size=ONE, nodes={"min": 1, "max": 20}, gpu={"sharing": "time-slicing", "replicas": candidates}
    )
    found = planned({"pools[1]": on, **more}).findings
    pods = [share for share, high in takers for _ in range(high)]
    worst = max(sum(some) for some in combinations(pods, min(candidates, len(pods))))
    assert any(finding.rule == "SHARE-MEMORY" for finding in found) == (worst > 95)


def test_mps_holds_each_pod_to_its_part() -> None:
    half = {**shared("mps", 2), "models[2].engine": {"gpu_memory_utilization": 0.5}}
    more = {**shared("mps", 2), "models[2].engine": {"gpu_memory_utilization": 0.51}}
    assert "SHARE-MEMORY" not in {finding.rule for finding in planned(half).findings}
    (found,) = [finding for finding in planned(more).findings if finding.rule == "SHARE-MEMORY"]
    assert found.path == "models[2].engine.gpu_memory_utilization"
    assert "write 0.45 or less" in found.fix


def test_slices_can_be_time_sliced() -> None:
    changes = {**shared(layout=["3g.47gb", "2g.24gb"]), "models[2].slice": "3g.47gb"}
    made = plan({**changes, "pools[1].nodes": {"min": 1, "max": 1}})
    assert made.pools[1].resources == (("nvidia.com/mig-2g.24gb", 2), ("nvidia.com/mig-3g.47gb", 2))
    assert made.pools[1].offers == (("2g.24gb/2", 2), ("3g.47gb/2", 2))
    assert made.models[2].releases[0].memory.device_gib == 46.38
    assert dict(made.pools[1].labels)[DEVICE_PLUGIN_CONFIG] == "time-slicing-x2-2g.24gb-3g.47gb"
    assert dict(made.pools[1].labels)[MIG_CONFIG] == "1x3g.47gb-1x2g.24gb"


def test_a_configuration_s_name_is_a_label_s_value_however_many_profiles_it_has() -> None:
    """Six profiles make a name of 64 characters, which AKS refuses."""
    six = [["7g.141gb"], ["4g.71gb", "3g.71gb"], ["3g.71gb", "2g.35gb", "1g.35gb"], ["4g.71gb", "2g.35gb", "1g.18gb"]]
    names = set()
    for layouts in (six, six[:3]):
        made = plan(
            {
                **shared(vm_size="Standard_ND96isr_H200_v5", layouts=[*layouts, *[["7g.141gb"]] * (8 - len(layouts))]),
                "models[2].slice": "7g.141gb",
                "pools[1].nodes": {"min": 1, "max": 1},
            }
        )
        name = dict(made.pools[1].labels)[DEVICE_PLUGIN_CONFIG]
        assert LABEL.match(name)
        assert name in operator(made)["devicePlugin"]["config"]["data"]
        names.add(name)
    assert len(names) == 2


@pytest.mark.parametrize("gpu_name", sorted(CATALOG.mig))
def test_names_of_slices_are_legal(gpu_name: str) -> None:
    for name in CATALOG.mig[gpu_name].profiles:
        assert RESOURCE.match(mig.resource_name(name))


# ------------------------------------------------------------------ the device plugin
GRID = [
    {},
    shared(),
    shared("mps", 3),
    shared(layout=["3g.47gb", "3g.47gb"]),
    {**shared(), "cluster.gpu_driver": "operator"},
    {**shared(vm_size=TWO), "pools[2]": pool("third", gpu={"sharing": "mps", "replicas": 3}, capacity="spot")},
    {**shared(), "pools[2]": pool("third", taints=["team=research:NoSchedule"])},
    {
        "pools[0].gpu.layout": ["3g.47gb", "2g.24gb", "2g.24gb"], "pools[0].nodes": {"min": 4, "max": 4},
        "cluster.system_pool.nodes": {"min": 5, "max": 6},
    },
]  # fmt: skip


@pytest.mark.parametrize("changes", GRID)
def test_every_label_names_an_existing_configuration(changes: dict[str, Any]) -> None:
    made = plan(changes)
    config = operator(made)["devicePlugin"]["config"]
    wanted = [dict(planned_pool.labels).get(DEVICE_PLUGIN_CONFIG) for planned_pool in made.pools]
    assert set(filter(None, wanted)) <= set(config["data"])
    assert config["create"] is True
    assert config["default"] == "plain"
    assert LABEL.match(config["name"])
    assert yaml.safe_load(config["data"]["plain"]) == {"version": "v1", "flags": {"migStrategy": "mixed"}}
    for labelled_pool, name in zip(made.pools, wanted, strict=True):
        if name is None:
            continue
        assert LABEL.match(name)
        content = yaml.safe_load(config["data"][name])
        assert content["version"] == "v1"
        resources = dict(labelled_pool.resources)
        assert content["flags"]["migStrategy"] in (
            "none",
            "single" if set(resources) == {"nvidia.com/gpu"} else "mixed",
        )
        assert ("sharing" in content) == (name != "mig-single")
        for key, sharing in content.get("sharing", {}).items():
            assert key in ("timeSlicing", "mps")
            assert sharing["renameByDefault"] is False
            assert sharing["failRequestsGreaterThanOne"] is True
            assert {entry["name"] for entry in sharing["resources"]} == set(resources)
            assert all(entry["replicas"] >= 2 for entry in sharing["resources"])


def test_other_shares_are_another_pool_and_another_config_map() -> None:
    two, three = plan(shared(replicas=2)), plan(shared(replicas=3))
    assert two.pools[1].revision != three.pools[1].revision
    assert two.pools[0] == three.pools[0]
    names = {operator(made)["devicePlugin"]["config"]["name"] for made in (two, three)}
    assert len(names) == 2


def test_nodes_of_the_first_version_find_their_configuration_until_they_are_gone() -> None:
    """Version 0.1.0 labelled shared pools so, renamed what they offer, and gave all others strategy `mixed`."""
    data = operator(plan(shared()))["devicePlugin"]["config"]["data"]
    assert yaml.safe_load(data["time-slicing-2"])["sharing"]["timeSlicing"]["renameByDefault"] is True
    sliced = operator(plan(shared(layout=["3g.47gb", "3g.47gb"])))["devicePlugin"]["config"]["data"]
    former = yaml.safe_load(sliced["time-slicing-2-3g.47gb"])
    assert former["flags"]["migStrategy"] == "mixed"
    assert former["sharing"]["timeSlicing"]["resources"] == [{"name": "nvidia.com/mig-3g.47gb", "replicas": 2}]


def test_the_names_of_devices_are_part_of_a_pool_s_revision() -> None:
    """No node may rename them under running pods."""
    assert plan({}).pools[0].revision != "h100-0824"
    assert plan(shared()).pools[1].revision != "other-ok7j"


def test_under_mps_the_daemon_brings_the_shared_memory() -> None:
    """k8s-device-plugin mounts its own /dev/shm into clients of MPS; another volume would hide it."""
    made = {sharing: plan(shared(sharing)).models[2] for sharing in ("time-slicing", "mps")}
    for sharing, planned_model in made.items():
        spec: Any = pod_template(planned_model, planned_model.releases[0], planned_model.workloads[0])["spec"]
        mounts = {mount["mount_path"]: mount["name"] for mount in spec["containers"][0]["volume_mounts"]}
        assert ("/dev/shm" in mounts) == (sharing == "time-slicing")  # noqa: S108 - the place in the pod
        assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}


# ------------------------------------------------------------------ the whole tuple of values
def environments(values: Any) -> list[dict[str, Any]]:
    if isinstance(values, dict):
        own = values.get("env", [])
        return [*own, *(variable for item in values.values() for variable in environments(item))]
    return []


@pytest.mark.parametrize("changes", GRID)
def test_the_operator_has_all_values_of_one_ownership_mode(changes: dict[str, Any]) -> None:
    made = plan(changes)
    values = operator(made)
    owned = values["driver"]["enabled"]
    expected = ("nvidia", "None") if owned else ("nvidia-container-runtime", "Install")
    assert values["toolkit"]["enabled"] is owned
    assert values["operator"]["runtimeClass"] == expected[0]
    assert {pool.gpu_driver for pool in made.foundation.agent_pools if pool.pool.resources} == {expected[1]}
    sources = [
        variable["value"]
        for variable in values["toolkit"].get("env", [])
        if variable["name"] == "RUNTIME_CONFIG_SOURCE"
    ]
    assert sources == (["file"] if owned else [])
    assert values["mig"] == {"strategy": ""}
    assert all(isinstance(variable["value"], str) for variable in environments(values))


@pytest.mark.parametrize("changes", GRID)
def test_every_daemon_set_tolerates_every_taint_of_every_gpu_pool(changes: dict[str, Any]) -> None:
    made = plan(changes)
    values = operator(made)
    for tolerations in (values["daemonsets"]["tolerations"], values["node-feature-discovery"]["worker"]["tolerations"]):
        for taint in {taint for planned_pool in made.pools if planned_pool.resources for taint in planned_pool.taints}:
            key, value = taint.split(":")[0].split("=")
            assert any(
                toleration["key"] == key
                and toleration["effect"] == taint.split(":")[1]
                and toleration.get("value", value) == value
                for toleration in tolerations
            )


def test_a_background_pool_has_nothing_to_share() -> None:
    changes = {"pools[1]": pool("cpu", vm_size="Standard_D8ds_v5", **{"class": "background"}, gpu={"sharing": "none"})}
    assert plan(changes).pools[1].resources == ()
    assert "SHARE-GPU" in {
        finding.rule for finding in planned({**changes, "pools[1].gpu": {"sharing": "mps", "replicas": 2}}).findings
    }


def test_slices_and_shares_are_left_out_by_default() -> None:
    made = plan({"pools[0].gpu": DROP, "models[0].slice": DROP, "models[1].slice": DROP, "pools[0].nodes.max": 4})
    assert made.pools[0].resources == (("nvidia.com/gpu", 1),)
    assert set(operator(made)["devicePlugin"]["config"]["data"]) == {"plain", "mig-single"}
    assert DEVICE_PLUGIN_CONFIG not in dict(made.pools[0].labels)
