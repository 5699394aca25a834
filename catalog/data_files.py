"""Reads the catalog's YAML, and caches the result beside Python's own compiled files.

Parsing takes most of the time of loading the catalog. A cached result is valid only for the bytes it was read from.
"""

import hashlib
import os
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from msgspec import DecodeError, Struct, ValidationError, json


class _Kept(Struct):
    digest: str
    data: Any


def read_yaml(path: Path) -> Any:
    """Plain values of a YAML file.

    Raises:
        OSError: the file is missing.
        yaml.YAMLError: it is not valid YAML.
    """
    source = path.read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    # Python's own settings decide where such files are and whether they may be written.
    place = Path(cache_from_source(str(path), optimization="")).with_suffix(".json")
    kept = _kept(place)
    if kept is not None and kept.digest == digest:
        return kept.data
    data = _parsed(source)
    if not sys.dont_write_bytecode:
        _keep(place, _Kept(digest, data))
    return data


def _parsed(source: bytes) -> Any:
    import yaml  # noqa: PLC0415 - where every result is kept, it isn't needed

    # libyaml parses about ten times as fast; both loaders build plain values only.
    return yaml.load(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _kept(place: Path) -> _Kept | None:
    try:
        return json.decode(place.read_bytes(), type=_Kept)
    except (OSError, DecodeError, ValidationError):
        return None


def _keep(place: Path, kept: _Kept) -> None:
    import tempfile  # noqa: PLC0415 - where every result is kept already, it isn't needed

    text = json.encode(kept)
    if json.decode(text, type=_Kept) != kept:
        # Dates and keys that are not strings: JSON can't hold them, so such a file is read again each time.
        return
    try:
        place.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, place)  # noqa: PTH105 - atomic, for readers in the meantime
    except OSError:
        # In a folder that can't be written there is no cache: that costs time, nothing else.
        return
