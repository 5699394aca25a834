"""Writes the two generated files of a vLLM version's record, from the vLLM that is installed.

What the options open is looked up by hand; an option or a key without a class is named here, since it is refused.
"""

import importlib
import json
from pathlib import Path
from typing import Any

from catalog import data_files, vllm_flags, vllm_options
from catalog.decoding import decode
from catalog.vllm_schema import OptionClasses

_CLASSES = ".classes.yaml"


def write(folder: Path, date: str) -> list[Path]:
    """Write `<version>.json` and `<version>.options.yaml` into a folder; `date` is an ISO date. Returns their paths.

    Raises:
        ModuleNotFoundError: vLLM is not installed, or a module that is read here has moved in this version.
        OSError: the folder can't be written.
    """
    flags = vllm_flags.dumps(vllm_flags.compact(vllm_flags.read_options(vllm_flags.installed_parser())))
    vllm: Any = importlib.import_module("vllm")
    # A local build has its kind behind a plus sign.
    version = vllm.__version__.split("+")[0]
    options = vllm_options.dumps(vllm_options.options(), version, date)
    written = {folder / f"{version}.json": flags, folder / f"{version}.options.yaml": options}
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return list(written)


def unclassified(written: list[Path], catalog: Path) -> tuple[Path | None, tuple[str, ...]]:
    """Options and keys of the version that was written which have no class, and the file that was read.

    That is the version's own beside its files, or in the folder `catalog` that of the newest version; None where
    there is none, and then everything is unclassified.

    Raises:
        CatalogError: the file of classes doesn't fit its record.
    """
    table, options = written
    flags: dict[str, Any] = json.loads(table.read_text(encoding="utf-8"))
    keys: dict[str, Any] = data_files.read_yaml(options)["keys"]
    own, others = table.with_name(table.stem + _CLASSES), sorted(catalog.glob(f"*{_CLASSES}"))
    file = own if own.exists() else others[-1] if others else None
    content = data_files.read_yaml(file) if file is not None else {"safe_options": [], "safe_keys": {}}
    fields = {name: content.get(name, {}) for name in ("safe_options", "safe_keys", "option_risks")}
    return file, decode(OptionClasses, fields, f"vllm/{file.name if file else table.name}").missing(flags, keys)
