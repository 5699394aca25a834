"""How long a replica takes to start: bytes over the slowest part of their path, and the engine's own start."""

from typing import Any

import pytest
from msgspec.structs import replace
from planning_stacks import CATALOG, model, plan, planned, pool
from planning_stacks import settings as loaded

from catalog import Catalog
from planning.placement.release_on_pool import releases_on_pools
from planning.placement.start import NODE_PROVISION_SECONDS, Start, start
from planning.resolving.resolution import Resolution

LLAMA = {"huggingface": "meta-llama/Llama-3.3-70B-Instruct", "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b"}
STORED = {"blob": "llama", "model": "meta-llama/Llama-3.3-70B-Instruct"}
GB = 131.42 * 1024**3 / 1e9
LEAST, SLOW = 14, 260


def resolved(source: dict[str, str], knowing: Catalog = CATALOG, **pools: Any) -> Resolution:
    other = model("more", "other", source=source, engine={"tensor_parallel": 2}, replicas={"min": 1, "max": 4})
    return Resolution(loaded({"pools[1]": pool("other", **pools), "models[2]": other}), knowing)


def of(stack: Resolution) -> Start:
    found = start(stack, releases_on_pools(stack)[-1])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("disk_gib", "mb_s", "best_mb_s"),
    [(256, 125, 170), (300, 150, 170), (512, 150, 170), (1024, 200, 200), (1100, 250, 250)],
)
def test_a_download_is_as_slow_as_the_system_disk(disk_gib: int, mb_s: int, best_mb_s: int) -> None:
    found = of(resolved(LLAMA, os_disk_gib=disk_gib))
    assert found.least == pytest.approx(GB * 1000 / best_mb_s + LEAST)
    assert found.likely == pytest.approx(GB * 1000 / mb_s + SLOW)
    assert f"system disk of {disk_gib} GiB ({mb_s} MB/s)" in found.by


def test_a_burst_lasts_for_half_an_hour() -> None:
    source = {"huggingface": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", "revision": LLAMA["revision"]}
    weights = CATALOG.models[source["huggingface"]].weights_gib
    assert weights is not None
    size = 2 * weights * 1024**3 / 1e6
    known = replace(CATALOG.models[source["huggingface"]], weights_gib=2 * weights)
    found = of(resolved(source, replace(CATALOG, models={**CATALOG.models, source["huggingface"]: known})))
    assert found.least == pytest.approx(1800 + (size - 1800 * 170) / 150 + LEAST)


def test_replicas_on_one_node_share_its_disk() -> None:
    alone = of(resolved(LLAMA, vm_size="Standard_NC80adis_H100_v5"))
    together = of(resolved(LLAMA, vm_size="Standard_NC96ads_A100_v4"))
    assert together.likely - SLOW == pytest.approx(2 * (alone.likely - SLOW))
    assert together.least == alone.least


def test_streamed_weights_never_touch_the_disk_and_every_rank_reads_all_of_them() -> None:
    """80 Gbit/s are 10,000 MB/s."""
    found = of(resolved(STORED, os_disk_gib=128))
    assert found.read == pytest.approx(2 * 131.42)
    assert found.least == pytest.approx(2 * GB * 1000 / 10_000 + LEAST)
    assert "80 Gbit/s" in found.by


def test_a_speed_that_is_not_published_limits_nothing() -> None:
    unknown = replace(CATALOG.vm_sizes["Standard_NC80adis_H100_v5"], network_mbps=None, disk_mb_s=None)
    knowing = replace(CATALOG, vm_sizes={**CATALOG.vm_sizes, "Standard_NC80adis_H100_v5": unknown})
    assert of(resolved(STORED, knowing)) == Start(least=LEAST, likely=SLOW, read=2 * 131.42, by="")


def test_a_size_that_is_not_known_has_no_start_time() -> None:
    unknown = replace(CATALOG.models[LLAMA["huggingface"]], weights_gib=None)
    stack = resolved(LLAMA, replace(CATALOG, models={**CATALOG.models, LLAMA["huggingface"]: unknown}))
    assert start(stack, releases_on_pools(stack)[-1]) is None


def test_the_finding_says_how_long_and_what_to_write() -> None:
    changes = {
        "security.hugging_face_token": "hf-token",
        "pools[1]": pool("other"),
        "models[2]": model("more", "other", source=LLAMA, engine={"tensor_parallel": 2}, start_minutes=5),
    }
    (found,) = (finding for finding in planned(changes).findings if finding.rule == "START-BUDGET")
    assert (found.severity, found.path) == ("error", "models[2].start_minutes")
    assert "131 GiB" in found.message
    assert "at least 15 minutes" in found.message
    assert found.fix.startswith("write start_minutes: 21,")
    accepted = planned({**changes, "models[2].start_minutes": 21})
    assert not [finding for finding in accepted.findings if finding.rule.startswith("START-")]


def test_the_autoscaler_waits_as_long_as_the_deadline_of_a_rollout_counts_for_a_node() -> None:
    foundation: Any = plan({}).foundation
    assert foundation.cluster.node_provision_minutes * 60 == NODE_PROVISION_SECONDS
