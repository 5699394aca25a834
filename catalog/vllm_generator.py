"""Writes the two generated files of a vLLM version's record, from the vLLM that is installed."""

import importlib
from pathlib import Path
from typing import Any

from catalog import vllm_flags, vllm_options


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
