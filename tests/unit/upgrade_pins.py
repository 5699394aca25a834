"""The pins of the development stack, some at other versions, and their moves, for tests of upgrades."""

from collections.abc import Mapping

from msgspec.structs import replace
from planning_stacks import CATALOG, settings

from catalog import Catalog
from catalog.upgrades import Upgrades, upgrades
from planning.upgrading.pins import Pins, pins_of
from planning.upgrading.verdicts import Direction, Move, Refusal, moves

RECORDS = upgrades()
PACKAGES = {"pulumi-azure-native": "3.29.0", "msgspec": "0.22.0"}


def pins(knowing: Catalog = CATALOG, /, **versions: str) -> Pins:
    """The pins of the development stack, some at other versions; `_` stands for `-` in a name."""
    found = dict(pins_of(settings({}), knowing, PACKAGES))
    for name, version in versions.items():
        (key,) = [key for key in found if key[1] == name.replace("_", "-")]
        found[key] = replace(found[key], version=version)
    return found


def moved(
    before: Mapping[str, str],
    after: Mapping[str, str],
    knowing: Catalog = CATALOG,
    records: Upgrades = RECORDS,
    problems: tuple[Refusal, ...] = (),
    today: str | None = None,
) -> dict[str, Move]:
    found = moves(Direction(knowing, records, pins(knowing, **before), pins(knowing, **after), today), problems)
    return {move.name: move for move in found}
