"""Updates `prices.yaml`: each entry that was queried gets today's prices and date, the others stay.

The file is edited line by line, one entry per line, so that its comments stay and a diff shows only prices.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml
from msgspec import Struct

from catalog.decoding import CatalogError, decode
from catalog.retail_api import Quote
from catalog.schema import Price

_REGION = re.compile(r"^  (?P<name>[a-z0-9]+):\s*$")
_ENTRY = re.compile(r"^    (?P<size>[\w-]+): (?P<fields>\{.*\})\s*$")
_SOURCE = "Azure Retail Prices API"
# The order in which an entry is written; what else it has comes after.
_FIELDS = ("payg_usd_h", "spot_low_usd_h", "spot_high_usd_h", "older", "spot_older", "verified", "as_of")

Ask = Callable[[str, str], Quote]
Place = tuple[str, str]


class Refreshed(Struct, frozen=True):
    """The new text of the file; `changed` has a line for each price that moved, `missing` names those without one."""

    text: str
    queried: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]


def entries(content: Any) -> dict[Place, dict[str, Any]]:
    """Every entry by region and VM size, in the file's order, from the plain values of the file.

    Raises:
        CatalogError: it is no file of prices.
    """
    regions = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(regions, dict) or not isinstance(content.get("as_of"), str):
        raise CatalogError("no mapping `entries`, or no date `as_of` in quotes")
    common = {"source": content.get("source"), "as_of": content["as_of"]}
    found: dict[Place, dict[str, Any]] = {}
    for region, sizes in regions.items():
        if not isinstance(sizes, dict):
            raise CatalogError(f"entry `{region}`: no mapping of VM sizes")
        for size, fields in sizes.items():
            place = f"entry `{region}` `{size}`"
            if not isinstance(fields, dict):
                raise CatalogError(f"{place}: no mapping")
            decode(Price, {**common, "region": region, "vm_size": size, **fields}, place)
            found[region, size] = fields
    return found


def refreshed(text: str, content: Any, today: str, ask: Ask, more: Iterable[Place] = ()) -> Refreshed:
    """Ask for the price of each entry, and of `more` that have none yet, and write the answers.

    `content` are the text's plain values. `today` is the ISO date that the answers get.

    Raises:
        CatalogError: it is no file of prices. Whatever `ask` raises is passed on, too: then nothing was written.
    """
    known, dated = entries(content), content["as_of"]
    quotes = {place: ask(*place) for place in dict.fromkeys([*known, *more])}
    written: dict[Place, dict[str, Any]] = {}
    changed, missing = [], []
    for place, quote in quotes.items():
        if quote == Quote(None, None):
            missing.append(" ".join(place))
            continue
        before = known.get(place, {})
        written[place] = _updated({"as_of": dated, **before}, quote, today)
        changed += _moves(place, before, written[place])
    return Refreshed(_edited(text, written), len(quotes), tuple(changed), tuple(missing))


def _updated(before: Mapping[str, Any], quote: Quote, today: str) -> dict[str, Any]:
    """An entry after a quote; a kind of price that the API lacks keeps its figure and its own date."""
    fields: dict[str, Any] = {
        "payg_usd_h": None,
        "spot_low_usd_h": None,
        "spot_high_usd_h": None,
        "older": False,
        "spot_older": False,
    }
    fields |= {"verified": True, **before}
    if quote.spot_usd_h is not None:
        fields |= {"spot_low_usd_h": quote.spot_usd_h, "spot_high_usd_h": quote.spot_usd_h, "spot_older": False}
        fields |= {"spot_as_of": today}
    elif fields["spot_high_usd_h"] is not None and not fields["spot_older"]:
        # Its date was the entry's, which changes.
        fields = {"spot_as_of": before["as_of"], **fields}
    if quote.payg_usd_h is not None:
        fields |= {"payg_usd_h": quote.payg_usd_h, "older": False, "verified": True, "as_of": today, "source": _SOURCE}
    if fields.get("spot_as_of") == fields.get("as_of"):
        fields.pop("spot_as_of", None)
    return fields


def _moves(place: Place, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{' '.join(place)}: {kind} {_amount(before.get(field))} -> {_amount(after[field])} USD/h"
        for kind, field in (("on demand", "payg_usd_h"), ("spot", "spot_high_usd_h"))
        if before.get(field) != after[field]
    ]


def _amount(usd: float | None) -> str:
    return "unknown" if usd is None else f"{usd:g}"


def _edited(text: str, written: Mapping[Place, Mapping[str, Any]]) -> str:
    lines: list[str] = []
    region, left = "", dict(written)
    for line in text.splitlines():
        if found := _REGION.match(line):
            comments = _comments_at_the_end(lines)
            lines += [*_new(region, left), *comments]
            region = found["name"]
        entry = _ENTRY.match(line)
        place = (region, entry["size"]) if entry else None
        lines.append(_line(place[1], left.pop(place)) if place is not None and place in left else line)
    lines += _new(region, left)
    for missing in sorted({place[0] for place in left}):
        lines += [f"  {missing}:", *_new(missing, left)]
    return "\n".join(lines) + "\n"


def _comments_at_the_end(lines: list[str]) -> list[str]:
    """The comments just before a region, which are about that region; they are removed from `lines`."""
    start = len(lines)
    while start and lines[start - 1].startswith("  #"):
        start -= 1
    taken = lines[start:]
    del lines[start:]
    return taken


def _new(region: str, left: dict[Place, Mapping[str, Any]]) -> list[str]:
    """Lines of the entries of a region that the file doesn't have yet; each is removed from `left`."""
    places = [place for place in left if place[0] == region]
    return [_line(place[1], left.pop(place)) for place in places]


def _line(size: str, fields: Mapping[str, Any]) -> str:
    order = [*_FIELDS, *(key for key in sorted(fields) if key not in _FIELDS)]
    written = {key: fields[key] for key in order if key in fields}
    flow = yaml.safe_dump(written, default_flow_style=True, sort_keys=False, width=10_000).strip()
    return f"    {size}: {flow}"
