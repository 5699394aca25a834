"""Reads what is known of the origin of images and charts: `chart_images.yaml` and `digests.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog import data_files
from catalog.decoding import CatalogError, decode
from catalog.supply_schema import ChartImage, Digest

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def chart_images(file: Path) -> Mapping[str, tuple[ChartImage, ...]]:
    """The images of each chart's pods, by the chart's name."""
    return {
        chart: tuple(
            decode(ChartImage, image, f"{file.name}, entry `{chart}`[{index}]") for index, image in enumerate(images)
        )
        for chart, images in data_files.read_yaml(file)["entries"].items()
    }


def open_registries(file: Path) -> tuple[str, ...]:
    """Registries in which everybody may publish."""
    return tuple(data_files.read_yaml(file)["open_registries"])


def digests(content: Any, file: str) -> Mapping[str, Digest]:
    """Digests by reference, tag included, from the plain values of a file; one without entries has none.

    Raises:
        CatalogError: it is no such file, or a digest is none.
    """
    entries = content.get("entries") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(entries or {}, dict):
        raise CatalogError(f"{file}: no mapping `entries`")
    found = {name: decode(Digest, entry, f"{file}, entry `{name}`") for name, entry in (entries or {}).items()}
    for name, known in found.items():
        if not _DIGEST.fullmatch(known.digest):
            raise CatalogError(f"{file}, entry `{name}`: `{known.digest}` is no digest")
    return found
