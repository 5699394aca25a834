"""`pins`: every chart and image with its version and digest, and the digests from their registries."""

import json as json_text
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import verb
from cli.process import FINE, REJECTED
from cli.replacing import replace

if TYPE_CHECKING:
    from catalog.digest_file import Resolved
    from planning.resolving.pins import Pin

_EPILOG = (
    "Exit codes: 0 fine, 2 a tag moved or a registry gave no digest (what is known stays, the rest is written), "
    "1 internal error."
)
DIGESTS = Path(__file__).resolve().parent.parent / "catalog" / "digests.yaml"
TIMEOUT_SECONDS = 20.0
_HEADINGS = ("", "name", "version", "of", "digest")


@verb("pins", "Show what holds charts and images fast, and look up digests.", _EPILOG)
@click.option("--resolve", is_flag=True, help="Ask the registries for the digest of every tag, and write the file.")
@click.option(
    "--accept-moved", is_flag=True, help="With --resolve: take the new digest of a tag that moved since it was written."
)
@click.option(
    "--registry",
    multiple=True,
    metavar="HOST=URL",
    help="With --resolve: ask URL for what HOST has, such as a proxy; may be repeated.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    default=DIGESTS,
    metavar="FILE",
    show_default="catalog/digests.yaml",
    help="With --resolve: the file to bring up to date.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=TIMEOUT_SECONDS,
    metavar="SECONDS",
    show_default=True,
    help="How long to wait for an answer.",
)
@click.option("--json", is_flag=True, help="Print the list as JSON.")
def pins(*, resolve: bool, accept_moved: bool, registry: Sequence[str], file: Path, timeout: float, json: bool) -> int:
    """Print every chart and image with its version and digest, or `unpinned`.

    A digest names content, a tag only what a registry gives for it today. With --resolve the registries' answers,
    to anonymous requests, are written down; tags that moved are reported and keep what is written.
    """
    import catalog
    from planning.resolving.pins import pins as all_pins

    if resolve:
        return _resolve(file, registry, timeout, accept_moved=accept_moved)
    found = all_pins(catalog.load())
    if json:
        print(json_text.dumps([_as_json(pin) for pin in found], indent=2, ensure_ascii=False))
    else:
        sys.stdout.writelines(f"{line}\n" for line in report(found))
    return FINE


def _as_json(pin: "Pin") -> dict[str, object]:
    from msgspec import to_builtins

    return {**to_builtins(pin), "unpinned": pin.unpinned}


def report(found: "Sequence[Pin]") -> Iterator[str]:
    """The list as a table, a row for each."""
    rows = [_HEADINGS, *((pin.kind, pin.name, pin.version or "-", pin.used_by, _state(pin)) for pin in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    used = [pin for pin in found if pin.used]
    yield ""
    yield f"{sum(not pin.unpinned for pin in used)} of {len(used)} that take a digest have one."
    if any(pin.unpinned for pin in used):
        yield "For the others: llm-platform pins --resolve"


def _state(pin: "Pin") -> str:
    if pin.unpinned:
        return "unpinned"
    if pin.used:
        return pin.digest or ""
    return f"by version: {pin.why_not}" + (f" ({pin.digest})" if pin.digest else "")


def _resolve(file: Path, given: Sequence[str], timeout: float, *, accept_moved: bool) -> int:
    import catalog
    from catalog import digest_file, supply
    from catalog.oci_registry import Registries
    from config.document import DocumentError, read
    from config.findings import printable
    from planning.resolving.pins import pins as all_pins
    from reading.texts import STACK_FILE_BYTES, FileRefusedError, text_of

    addresses = _addresses(given)
    try:
        text = text_of(file, STACK_FILE_BYTES)
        known = supply.digests(read(text).value, file.name)
    except (FileRefusedError, DocumentError, catalog.CatalogError) as error:
        reason = printable(" ".join(str(error).split()))
        print(f"{file} can't be read: {reason}; give a file such as catalog/digests.yaml", file=sys.stderr)
        return REJECTED
    references = [pin.reference for pin in all_pins(catalog.load()) if pin.reference is not None and pin.used]
    today = datetime.now(UTC).date().isoformat()
    ask = Registries(addresses=addresses, timeout_seconds=timeout).digest
    found = digest_file.resolved(known, references, ask, today, accept_moved=accept_moved)
    after = digest_file.written(text, found.digests)
    if after != text:
        replace(file, after.encode())
    sys.stdout.writelines(f"{line}\n" for line in _outcome(found, accept_moved=accept_moved))
    return REJECTED if found.failed or (found.moved and not accept_moved) else FINE


def _addresses(given: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for item in given:
        host, _, address = item.partition("=")
        if not host or not address.startswith(("https://", "http://")):
            raise click.BadParameter(
                f"{item!r} is not HOST=URL, such as docker.io=https://proxy.example", param_hint="--registry"
            )
        found[host] = address
    return found


def _outcome(found: "Resolved", *, accept_moved: bool) -> Iterator[str]:
    for reference in found.added:
        yield f"{reference}: {found.digests[reference].digest}"
    for reference, before, now in found.moved:
        what = "taken" if accept_moved else "kept as it was: compare the two, then --accept-moved takes the new one"
        yield f"{reference} moved: {before} -> {now}, {what}"
    for reference, reason in found.failed:
        yield f"{reference}: no digest: {reason}"
    yield f"{len(found.added)} added, {len(found.moved)} moved, {len(found.failed)} without an answer."
