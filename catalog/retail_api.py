"""Asks the public Azure Retail Prices API for the hourly price of a VM size in a region; it needs no account.

Source: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from msgspec import Struct

ADDRESS = "https://prices.azure.com/api/retail/prices"
# One size has about ten meters in a region: more pages than this mean that the filter was ignored.
_MOST_PAGES = 20


class UnreachableError(Exception):
    """The API didn't answer, or not with prices; the message says why."""


class Quote(Struct, frozen=True):
    """USD an hour, Linux, before discounts; None where the API has no such meter."""

    payg_usd_h: float | None
    spot_usd_h: float | None


def quote(region: str, vm_size: str, *, address: str = ADDRESS, timeout_seconds: float = 20) -> Quote:
    """The API's prices of one VM size in one region.

    Raises:
        UnreachableError: no network, no answer in time, or no prices in it.
    """
    prices: dict[str, list[float]] = {"payg": [], "spot": []}
    for meter in _meters(region, vm_size, address, timeout_seconds):
        kind, usd = _linux_meter(meter), meter.get("retailPrice")
        if kind is not None and isinstance(usd, (int, float)):
            prices[kind].append(usd)
    # Where one kind has several meters, as around the day of a change, the most expensive is the safe choice.
    return Quote(max(prices["payg"], default=None), max(prices["spot"], default=None))


def _linux_meter(meter: dict[str, Any]) -> str | None:
    """`payg` or `spot` for an hourly meter of a Linux virtual machine; None for any other meter.

    One size also has meters for Windows, for Cloud Services and for the retired low priority.
    """
    product, sku = str(meter.get("productName", "")), str(meter.get("skuName", ""))
    if meter.get("type") != "Consumption" or meter.get("unitOfMeasure") != "1 Hour":
        return None
    if meter.get("currencyCode") != "USD" or "Windows" in product or "Cloud Services" in product:
        return None
    if "CloudServices" in product or "Low Priority" in sku:
        return None
    return "spot" if sku.endswith("Spot") else "payg"


def _meters(region: str, vm_size: str, address: str, timeout_seconds: float) -> Iterator[dict[str, Any]]:
    wanted = (
        f"serviceName eq 'Virtual Machines' and priceType eq 'Consumption' and armRegionName eq '{region}' "
        f"and armSkuName eq '{vm_size}'"
    )
    page = f"{address}?{urlencode({'$filter': wanted})}"
    for _ in range(_MOST_PAGES):
        answer = _read(page, timeout_seconds)
        items, following = answer.get("Items"), answer.get("NextPageLink")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise UnreachableError(f"{page} answered with something else than prices")
        # The API may match the filter more widely than intended.
        yield from (item for item in items if item.get("armRegionName") == region and item.get("armSkuName") == vm_size)
        if not following:
            return
        if urlsplit(str(following))[:2] != urlsplit(address)[:2]:
            raise UnreachableError(f"{page} goes on at another server, {following}")
        page = str(following)
    raise UnreachableError(f"the prices of {vm_size} don't end after {_MOST_PAGES} pages")


def _read(page: str, timeout_seconds: float) -> dict[str, Any]:
    try:
        with urlopen(page, timeout=timeout_seconds) as answer:  # noqa: S310 - ADDRESS, or what the caller put there
            content = json.load(answer)
    except HTTPError as error:
        raise UnreachableError(f"{page} answered {error.code} {error.reason}") from error
    except OSError as error:
        raise UnreachableError(
            f"{urlsplit(page).netloc} can't be reached: {getattr(error, 'reason', error)}"
        ) from error
    except ValueError as error:
        raise UnreachableError(f"{page} answered with something else than JSON") from error
    if not isinstance(content, dict):
        raise UnreachableError(f"{page} answered with something else than prices")
    return content
