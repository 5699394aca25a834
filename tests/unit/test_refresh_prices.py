"""Prices from a server that answers as the Azure Retail Prices API does, on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from catalog import refresh_prices, retail_api
from catalog.__main__ import main
from catalog.retail_api import Quote, UnreachableError, quote
from config.document import read

FILE = """# Prices.
source: somewhere
as_of: "2026-11-09"
entries:
  # About this region.
  eastus:
    Standard_A: {payg_usd_h: 6.98, spot_low_usd_h: null, spot_high_usd_h: null, DATED, verified: true}
    # About this size.
    Standard_B: {payg_usd_h: 3.2, spot_low_usd_h: 0.8, spot_high_usd_h: 0.9, OLDER, verified: false, as_of: undated}
  # About that region.
  westus:
    Standard_A: {payg_usd_h: 9.0, spot_low_usd_h: 1.0, spot_high_usd_h: 1.1, DATED, verified: true}
""".replace("DATED", "older: false, spot_older: false").replace("OLDER", "older: true, spot_older: true")
TODAY = "2027-03-01"


def entries(text: str) -> dict[refresh_prices.Place, dict[str, Any]]:
    return refresh_prices.entries(read(text).value)


def refreshed(text: str, *rest: Any) -> refresh_prices.Refreshed:
    return refresh_prices.refreshed(text, read(text).value, *rest)


def meter(size: str, price: float, **differences: Any) -> dict[str, Any]:
    return {
        "currencyCode": "USD", "retailPrice": price, "armRegionName": "eastus", "armSkuName": size,
        "productName": "Virtual Machines NCads Series", "skuName": size.removeprefix("Standard_"),
        "serviceName": "Virtual Machines", "unitOfMeasure": "1 Hour", "type": "Consumption", **differences,
    }  # fmt: skip


@dataclass
class Api:
    """A server with pages of meters; `queries` are the filters, `broken` is its answer instead of JSON."""

    pages: list[list[dict[str, Any]]]
    queries: list[str] = field(default_factory=list)
    broken: tuple[int, bytes] | None = None
    elsewhere: str | None = None
    address: str = ""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Api([[]])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            served.queries += query.get("$filter", [])
            page = int(query.get("page", ["0"])[0])
            code, body = served.broken or (200, self.page(page))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def page(self, number: int) -> bytes:
            more = number + 1 < len(served.pages)
            link = served.elsewhere or f"{served.address}?page={number + 1}"
            return json.dumps({"Items": served.pages[number], "NextPageLink": link if more else None}).encode()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}/api/retail/prices"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def test_the_linux_prices_are_found_among_all_meters(api: Api) -> None:
    others = [
        meter("Standard_A", 11.0, productName="Virtual Machines NCads Series Windows"),
        meter("Standard_A", 12.0, productName="NCads Series Cloud Services"),
        meter("Standard_A", 13.0, skuName="A Low Priority"),
        meter("Standard_A", 14.0, type="DevTestConsumption"),
        meter("Standard_A", 15.0, unitOfMeasure="1 Month"),
        meter("Standard_A", 16.0, armRegionName="eastus2"),
        meter("Standard_AB", 17.0),
        meter("Standard_A", 18.0, currencyCode="EUR"),
    ]
    api.pages = [others, [meter("Standard_A", 6.5)], [meter("Standard_A", 1.5, skuName="A Spot")]]
    assert quote("eastus", "Standard_A", address=api.address) == Quote(6.5, 1.5)
    assert len(api.queries) == 1
    for part in ("armRegionName eq 'eastus'", "armSkuName eq 'Standard_A'", "priceType eq 'Consumption'"):
        assert part in api.queries[0]


def test_a_size_that_is_not_sold_has_no_price(api: Api) -> None:
    assert quote("eastus", "Standard_A", address=api.address) == Quote(None, None)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ((429, b""), "answered 429"),
        ((503, b"{}"), "answered 503"),
        ((200, b"<html>"), "something else than JSON"),
        ((200, b"[]"), "something else than prices"),
        ((200, b'{"Items": [1]}'), "something else than prices"),
    ],
)
def test_an_answer_without_prices_is_reported(api: Api, broken: tuple[int, bytes], why: str) -> None:
    api.broken = broken
    with pytest.raises(UnreachableError, match=why):
        quote("eastus", "Standard_A", address=api.address)


def test_endless_pages_and_links_to_other_servers_are_refused(api: Api) -> None:
    api.pages = [[]] * 30
    with pytest.raises(UnreachableError, match="don't end"):
        quote("eastus", "Standard_A", address=api.address)
    api.elsewhere = "http://127.0.0.1:9/api"
    with pytest.raises(UnreachableError, match="another server"):
        quote("eastus", "Standard_A", address=api.address)


def test_a_server_that_does_not_answer_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    released = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            released.wait(30)

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with pytest.raises(UnreachableError, match=r"can't be reached: .*timed out"):
            quote("eastus", "A", address=f"http://127.0.0.1:{server.server_port}/", timeout_seconds=0.1)
        released.set()
        server.shutdown()
        thread.join()


def quoting(**quotes: Quote) -> Any:
    return lambda region, size: quotes.get(f"{region}_{size.removeprefix('Standard_')}", Quote(None, None))


def test_only_answered_prices_are_written_with_their_date() -> None:
    found = refreshed(FILE, TODAY, quoting(eastus_A=Quote(7.5, 1.25), eastus_B=Quote(3.2, None)))
    known = entries(found.text)
    a, b = known["eastus", "Standard_A"], known["eastus", "Standard_B"]
    assert (a["payg_usd_h"], a["spot_low_usd_h"], a["spot_high_usd_h"], a["as_of"]) == (7.5, 1.25, 1.25, TODAY)
    assert (b["payg_usd_h"], b["older"], b["verified"], b["as_of"]) == (3.2, False, True, TODAY)
    # Its spot price wasn't found: the figure stays, and its date stays unknown.
    assert (b["spot_high_usd_h"], b["spot_older"]) == (0.9, True)
    assert known["westus", "Standard_A"] == entries(FILE)["westus", "Standard_A"]
    assert found.changed == (
        "eastus Standard_A: on demand 6.98 -> 7.5 USD/h",
        "eastus Standard_A: spot unknown -> 1.25 USD/h",
    )
    assert found.missing == ("westus Standard_A",)
    before, after = FILE.splitlines(), found.text.splitlines()
    assert [line for line in after if line not in before] == [
        line for line in after if line.startswith("    Standard_") and TODAY in line
    ]
    assert [line for line in before if "#" in line] == [line for line in after if "#" in line]


def test_a_spot_price_that_is_no_longer_found_keeps_its_own_date() -> None:
    found = refreshed(FILE, TODAY, quoting(westus_A=Quote(9.5, None)))
    entry = entries(found.text)["westus", "Standard_A"]
    assert (entry["as_of"], entry["spot_as_of"], entry["spot_older"]) == (TODAY, "2026-11-09", False)
    again = refreshed(found.text, "2027-04-01", quoting(westus_A=Quote(9.5, 2.0)))
    entry = entries(again.text)["westus", "Standard_A"]
    assert entry["as_of"] == "2027-04-01"
    assert "spot_as_of" not in entry


def test_new_places_come_last_in_their_region() -> None:
    more = [("eastus", "Standard_C"), ("northeurope", "Standard_A")]
    answers = quoting(eastus_C=Quote(1.0, None), northeurope_A=Quote(2.0, 0.5))
    text = refreshed(FILE, TODAY, answers, more).text
    assert list(yaml.safe_load(text)["entries"]["eastus"]) == ["Standard_A", "Standard_B", "Standard_C"]
    assert entries(text)["northeurope", "Standard_A"]["payg_usd_h"] == 2.0
    lines = text.splitlines()
    assert lines.index("  # About that region.") + 1 == lines.index("  westus:")


def test_the_shipped_file_survives_a_round_with_the_same_prices() -> None:
    text = (Path(refresh_prices.__file__).parent / "prices.yaml").read_text(encoding="utf-8")
    known = entries(text)
    found = refreshed(text, TODAY, lambda *place: Quote(known[place]["payg_usd_h"], known[place]["spot_high_usd_h"]))
    assert [line for line in found.changed if "on demand" in line or "spot unknown" in line] == []
    assert list(entries(found.text)) == list(known)
    assert {entry["as_of"] for entry in entries(found.text).values()} <= {TODAY, "undated"}
    kept = [line for line in text.splitlines() if "#" in line]
    assert kept == [line for line in found.text.splitlines() if "#" in line]


def test_the_command_writes_the_file(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(FILE, encoding="utf-8")
    api.pages = [[meter("Standard_A", 7.0)]]
    assert main(["refresh-prices", "--file", str(file), "--api", api.address]) == 0
    assert entries(file.read_text(encoding="utf-8"))["eastus", "Standard_A"]["payg_usd_h"] == 7.0
    printed = capsys.readouterr().out
    assert "eastus Standard_A: on demand 6.98 -> 7 USD/h" in printed
    assert "not sold or not found: eastus Standard_B, westus Standard_A" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["prices.yaml"]


def test_without_a_network_it_reports_that_and_keeps_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    file = tmp_path / "prices.yaml"
    file.write_text(FILE, encoding="utf-8")
    assert main(["refresh-prices", "--file", str(file), "--api", "http://127.0.0.1:9/api"]) == 2
    printed = capsys.readouterr().err
    assert "127.0.0.1:9 can't be reached" in printed
    assert "kept as it is" in printed
    assert file.read_text(encoding="utf-8") == FILE


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "{a: " * 20_000,
        "entries: [",
        "",
        "[]",
        "config: {}",
        "entries: {}",
        'as_of: "2026-11-09"\nentries: [a]',
        'as_of: "2026-11-09"\nentries: {a: b}',
        'as_of: "2026-11-09"\nentries: {a: {b: c}}',
        'as_of: "2026-11-09"\nentries: {a: {b: {payg_usd_h: "1"}}}',
    ],
)
def test_a_file_that_is_none_is_an_answer(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["refresh-prices", "--file", str(file), "--api", "http://127.0.0.1:9/api"]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert f"{file} can't be read: " in printed.err
    assert "catalog/prices.yaml" in printed.err
    assert printed.out == ""
    assert file.read_text(encoding="utf-8") == text


def test_the_address_is_azures() -> None:
    assert retail_api.ADDRESS == "https://prices.azure.com/api/retail/prices"
