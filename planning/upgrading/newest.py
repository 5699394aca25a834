"""The newest version that each pin of a stack may move to, by what the catalog knows to be supported."""

from msgspec import Struct
from msgspec.structs import replace

from catalog import Catalog, VersionLine
from catalog.upgrades import Upgrades
from planning.memory.versions import verified_versions
from planning.resolving.versions import DRIVER, OPERATOR, range_text, supported, within
from planning.upgrading.pins import Pins, VersionPin, by_name, digits, numbers_in, owner_of


class Staying(Struct, frozen=True):
    """A pin that doesn't move, and why."""

    kind: str
    name: str
    version: str
    why: str


def newest(
    catalog: Catalog, records: Upgrades, current: Pins, today: str | None = None
) -> tuple[Pins, tuple[Staying, ...]]:
    """The pins at the newest known version each, of Kubernetes at the next minor one; and those that stay.

    Support is judged by `today`, an ISO date, or without it by the date of the catalog.
    """
    day = today or catalog.versions.as_of
    found: list[VersionPin] = []
    staying: list[Staying] = []
    for pin in current.values():
        version, why = _newest(catalog, records, pin, day)
        found.append(pin if version is None else replace(pin, version=version))
        if version is None:
            staying.append(Staying(pin.kind, pin.name, pin.version, why))
    return by_name(iter(found)), tuple(staying)


def _newest(catalog: Catalog, records: Upgrades, pin: VersionPin, day: str) -> tuple[str | None, str]:
    """The version to move to, or None and why there is none."""
    if pin.kind == "kubernetes":
        return _next_minor(catalog, pin)
    if pin.kind == "chart":
        return _newest_line(catalog, pin, day)
    if pin.kind == "vllm":
        known = verified_versions(catalog)[-1:]
        newer = next((each for each in known if (numbers_in(each) or ()) > (numbers_in(pin.version) or ())), None)
        return newer, "the newest in the catalog"
    if pin.kind == DRIVER:
        return _driver(catalog, pin, day)
    seen = records.newest.get(pin.part)
    if seen is not None and (numbers_in(seen.version) or ()) > (numbers_in(pin.version) or ()):
        return seen.version, ""
    return None, "no record of a newer version"


def _next_minor(catalog: Catalog, pin: VersionPin) -> tuple[str | None, str]:
    """One version at a time, supported ones alone; one behind all supported ones still goes through the next."""
    minors, today = catalog.azure.kubernetes, catalog.azure.as_of
    later = sorted(
        (minor for minor in minors.values() if (numbers_in(minor.minor) or ()) > (numbers_in(pin.version) or ())),
        key=lambda minor: numbers_in(minor.minor) or (),
    )
    if not later:
        return None, "the newest in the catalog"
    following = later[0]
    if following.ga > today[: len(following.ga)]:
        return None, f"{following.minor} is not generally available before {following.ga}"
    return following.minor, ""


def _newest_line(catalog: Catalog, pin: VersionPin, day: str) -> tuple[str | None, str]:
    lines = [line for line in catalog.versions.of(pin.part) if supported(line, day)]
    if not lines:
        return None, "the version matrix has no supported version of it"
    last = lines[-1]
    number = digits(pin.version)
    if number is None or within(number, last.versions) or (numbers_in(number) or ()) >= _first(last):
        return None, f"supported, and no record of a version after {range_text(last.versions)}"
    return last.versions.last or last.versions.first, ""


def _first(line: VersionLine) -> tuple[int, ...]:
    return numbers_in(line.versions.first or "0") or ()


def _driver(catalog: Catalog, pin: VersionPin, day: str) -> tuple[str | None, str]:
    if owner_of(pin.version) != "operator":
        return None, "AKS moves it with its node images, in the maintenance window; this is the oldest that they have"
    lines = [line for line in catalog.versions.of(OPERATOR) if supported(line, day)]
    brought = lines[-1].brings.get(DRIVER) if lines else None
    if brought is None or (numbers_in(brought) or ()) <= (numbers_in(pin.version) or ()):
        return None, "it comes with GPU Operator"
    return f"operator {brought}", ""
