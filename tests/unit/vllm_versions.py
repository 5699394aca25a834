"""Catalogs with a vLLM version without compared memory arithmetic, made by copying a version's files."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import catalog
from catalog import Catalog

_DATA = Path(catalog.__file__).parent
KNOWN, COPIED = "0.33.0", "0.34.0"


@cache
def with_copied_version(ledger: str = "null", *, alone: bool = False) -> Catalog:
    """The catalog with 0.34.0 as a copy of 0.33.0 that names `ledger` as its arithmetic; `alone` without 0.33.0."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(_DATA, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    for file in sorted((folder / "vllm").glob(f"{KNOWN}.*")):
        copy = file.with_name(file.name.replace(KNOWN, COPIED, 1))
        text = file.read_text(encoding="utf-8")
        if file.name == f"{KNOWN}.yaml":
            text = text.replace(f'version: "{KNOWN}"', f'version: "{COPIED}"')
            text = text.replace('ledger: "0.33"', f"ledger: {ledger}")
        copy.write_text(text, encoding="utf-8")
        if alone:
            file.unlink()
    return catalog.read(folder)
