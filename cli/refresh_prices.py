"""`refresh-prices`: updates the catalog's prices from Azure's public price API."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from cli.options import verb
from cli.process import FINE, REJECTED
from cli.replacing import replace

_EPILOG = "Exit codes: 0 written, 2 the API can't be reached and the file is kept as it is, 1 internal error."
NOT_REACHED = 2
PRICES = Path(__file__).resolve().parent.parent / "catalog" / "prices.yaml"
TIMEOUT_SECONDS = 20.0


@verb("refresh-prices", "Update the catalog's prices from Azure.", _EPILOG)
@click.option(
    "--region", multiple=True, metavar="NAME", help="Ask for all VM sizes in this region as well; may be repeated."
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    default=PRICES,
    metavar="FILE",
    show_default="catalog/prices.yaml",
    help="The file to bring up to date.",
)
@click.option("--api", metavar="URL", help="Another address of the API.")
@click.option(
    "--timeout",
    type=float,
    default=TIMEOUT_SECONDS,
    metavar="SECONDS",
    show_default=True,
    help="How long to wait for an answer.",
)
def refresh_prices(region: Sequence[str], file: Path, api: str | None, timeout: float) -> int:
    """Ask the public Azure Retail Prices API for every price of the catalog, and write them with today's date."""
    import catalog
    from catalog import refresh_prices as prices
    from catalog import retail_api
    from config.document import DocumentError, read
    from config.findings import printable
    from reading.texts import STACK_FILE_BYTES, FileRefusedError, text_of

    today = datetime.now(UTC).date().isoformat()
    ask = partial(retail_api.quote, address=api or retail_api.ADDRESS, timeout_seconds=timeout)
    more = [(name, size) for name in region for size in catalog.load().vm_sizes]
    try:
        text = text_of(file, STACK_FILE_BYTES)
        found = prices.refreshed(text, read(text).value, today, ask, more)
    except (FileRefusedError, DocumentError, catalog.CatalogError) as error:
        reason = printable(" ".join(str(error).split()))
        print(f"{file} can't be read: {reason}; give a file such as catalog/prices.yaml", file=sys.stderr)
        return REJECTED
    except retail_api.UnreachableError as error:
        print(f"{error}\n{file.name} is kept as it is; each of its prices has its own date.", file=sys.stderr)
        return NOT_REACHED
    replace(file, found.text.encode())
    for line in found.changed:
        print(line)
    summary = (
        f"{found.queried - len(found.missing)} prices now have the date {today}, {len(found.changed)} figures changed"
    )
    print(f"{summary}." if not found.missing else f"{summary}; not sold or not found: {', '.join(found.missing)}.")
    return FINE
