"""The newest version that each pin may move to: what the catalog knows to be supported, one minor version at a time."""

from typing import Any

from msgspec.structs import replace
from planning_stacks import CATALOG, settings
from upgrade_pins import RECORDS, pins

from config import Settings
from planning.upgrading.newest import newest
from planning.upgrading.pins import VersionPin, pins_of


def newest_of(**versions: str) -> tuple[dict[str, str], dict[str, str]]:
    """What moves with the version, and what stays with the reason."""
    current = pins(**versions)
    target, stays = newest(CATALOG, RECORDS, current)
    changed = {key[1]: pin.version for key, pin in target.items() if pin.version != current[key].version}
    return changed, {each.name: each.why for each in stays}


def test_the_newest_supported_versions_and_the_next_minor_version() -> None:
    changed, stays = newest_of(kubernetes="1.34", keda="2.20.2")
    assert changed["kubernetes"] == "1.35"
    assert changed["keda"] == "2.21"
    assert "AKS moves it with its node images" in stays["driver"]
    assert stays["busybox"] == "no record of a newer version"


def test_nothing_moves_beyond_what_is_known() -> None:
    changed, stays = newest_of(kubernetes="1.37")
    assert "kubernetes" not in changed
    assert stays["kubernetes"] == "the newest in the catalog"
    changed, _ = newest_of(keda="2.30.0")
    assert "keda" not in changed


def test_nothing_is_supported_after_its_last_day() -> None:
    old = pins(gateway_helm="v1.8.3")
    for today, version in (("2027-02-14", "1.9"), ("2027-02-15", "v1.8.3")):
        assert newest(CATALOG, RECORDS, old, today)[0]["chart", "gateway-helm"].version == version


def test_the_operators_driver_moves_with_it() -> None:
    current: dict[Any, VersionPin] = dict(pins_of(settings({"cluster.gpu_driver": "operator"}), CATALOG, {}))
    assert current["driver", "driver"].version == "operator 595.91.07"
    old: dict[Any, VersionPin] = {
        **current,
        ("driver", "driver"): replace(current["driver", "driver"], version="operator 580.126.20"),
    }
    assert newest(CATALOG, RECORDS, old)[0]["driver", "driver"].version == "operator 595.91.07"


def test_the_pins_of_a_rejected_file_are_known() -> None:
    rejected: Settings = settings({"cluster.kubernetes": "1.34"})
    assert pins_of(rejected, CATALOG, {})["kubernetes", "kubernetes"].version == "1.34"
