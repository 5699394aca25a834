"""MIG slices in the Plan: layouts named and written as mig-parted reads them, one owner for each pool."""

import re
from collections import Counter
from itertools import combinations_with_replacement
from typing import Any

import pytest
import yaml
from planning_stacks import CATALOG, model, plan, pool

from catalog import MigGpu
from planning import Plan
from planning.gpus import mig
from planning.plan.labels import MIG_CONFIG

FIXED = {"min": 1, "max": 1}
# What Kubernetes takes as a label's value.
LABEL = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")


def operator(made: Plan) -> Any:
    return made.gpu_operator.values


def every_layout(gpu: MigGpu) -> list[tuple[str, ...]]:
    plain = [name for name in gpu.profiles if "+" not in name and not name.endswith("-me")]
    smallest = min(gpu.profiles[name].size for name in plain)
    return [
        layout
        for length in range(1, gpu.slots // smallest + 1)
        for layout in combinations_with_replacement(plain, length)
        if mig.packing(gpu, layout) is not None
    ]


def parted(text: str) -> dict[str, list[dict[str, Any]]]:
    """A mig-parted file, checked as its own reader does (api/spec/v1)."""
    content = yaml.safe_load(text)
    assert content["version"] == "v1"
    assert content.keys() == {"version", "mig-configs"}
    for entries in content["mig-configs"].values():
        assert entries
        for entry in entries:
            assert entry.keys() <= {"device-filter", "devices", "mig-enabled", "mig-devices"}
            assert entry["devices"] == "all" or all(isinstance(index, int) for index in entry["devices"])
            assert ("mig-devices" in entry) == entry["mig-enabled"]
            assert all(count >= 1 for count in entry.get("mig-devices", {}).values())
    return content["mig-configs"]


@pytest.mark.parametrize("gpu_name", sorted(CATALOG.mig))
def test_every_layout_has_a_legal_name_and_says_what_it_means(gpu_name: str) -> None:
    gpu = CATALOG.mig[gpu_name]
    named: dict[str, Counter[str]] = {}
    for layout in every_layout(gpu):
        name = mig.layout_name(gpu, [layout])
        assert LABEL.match(name)
        assert named.setdefault(name, Counter(layout)) == Counter(layout)
        (entry,) = mig.layout_entries(gpu, [layout, layout])
        assert entry["devices"] == "all"
        assert entry["mig-devices"] == Counter(layout)
        assert entry["device-filter"] == list(gpu.pci_ids)


def test_gpus_of_a_node_may_have_different_layouts() -> None:
    layouts = [["7g.94gb"], ["3g.47gb", "2g.24gb", "2g.24gb"]]
    made = plan(
        {
            "pools[1]": pool("other", gpu={"sharing": "mig", "layouts": layouts}, nodes=FIXED),
            "models[2]": model("more", "other", slice="2g.24gb"),
        }
    )
    assert made.pools[1].resources == (
        ("nvidia.com/mig-2g.24gb", 2),
        ("nvidia.com/mig-3g.47gb", 1),
        ("nvidia.com/mig-7g.94gb", 1),
    )
    config = dict(made.pools[1].labels)[MIG_CONFIG]
    entries = parted(operator(made)["migManager"]["config"]["data"]["config.yaml"])[config]
    assert [entry["devices"] for entry in entries] == [[0], [1]]
    assert [entry["mig-devices"] for entry in entries] == [{"7g.94gb": 1}, {"2g.24gb": 2, "3g.47gb": 1}]


@pytest.mark.parametrize("driver", ["aks", "operator"])
@pytest.mark.parametrize(
    "vm_size",
    [
        name
        for name, vm in CATALOG.vm_sizes.items()
        if vm.gpu in CATALOG.mig and (vm.driver, vm.arch) == ("cuda", "amd64")
    ],
)
def test_slices_have_one_owner(vm_size: str, driver: str) -> None:
    """E16 and E18: AKS or the MIG manager, never both; the manager reboots what can't be switched live."""
    vm = CATALOG.vm_sizes[vm_size]
    gpu = CATALOG.mig[str(vm.gpu)]
    for layout in every_layout(gpu):
        if gpu.profiles[layout[0]].max not in (1, len(layout)) and len(layout) != 2:
            continue
        made = plan(
            {
                "cluster.gpu_driver": driver,
                "platform.environment": "prod",
                "observability.audit": {},
                "pools[1]": pool("other", vm_size=vm_size, gpu={"sharing": "mig", "layout": list(layout)}, nodes=FIXED),
            }
        )
        sliced_pool, manager = made.foundation.agent_pools[1], operator(made)["migManager"]
        mig_config = dict(sliced_pool.pool.labels).get(MIG_CONFIG)
        assert (sliced_pool.gpu_instance_profile is None) != (mig_config is None)
        assert sliced_pool.gpu_instance_profile is None or driver == "aks"
        if mig_config is None:
            assert manager == {"enabled": False}
            continue
        assert mig_config in parted(manager["config"]["data"]["config.yaml"])
        assert "all-disabled" in parted(manager["config"]["data"]["config.yaml"])
        assert manager["config"]["default"] == ""
        assert LABEL.match(manager["config"]["name"])
        ampere = CATALOG.gpus[gpu.name].architecture == "ampere"
        assert manager["env"] == [{"name": "WITH_REBOOT", "value": "true" if ampere else "false"}]


def test_the_owners_of_slices_dont_share_a_node() -> None:
    """A pool sliced by AKS and one by the MIG manager: the first has no label, so the manager ignores it."""
    made = plan(
        {
            "pools[1]": pool("other", gpu={"sharing": "mig", "layout": ["3g.47gb", "2g.24gb"]}, nodes=FIXED),
            "models[2]": model("more", "other", slice="3g.47gb"),
        }
    )
    by_aks, by_manager = made.foundation.agent_pools
    assert by_aks.gpu_instance_profile is not None
    assert by_manager.gpu_instance_profile is None
    assert MIG_CONFIG not in dict(by_aks.pool.labels)
    assert MIG_CONFIG in dict(by_manager.pool.labels)
    assert operator(made)["migManager"]["config"]["default"] == ""
