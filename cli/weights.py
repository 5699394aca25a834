"""`weights`: makes the manifest of a folder of weights, or checks a folder against one."""

import os
import sys
from pathlib import Path

import click

from cli.options import verb
from cli.process import FINE, REJECTED
from cli.replacing import replace

_EPILOG = "Exit codes: 0 fine, 2 the folder isn't what the manifest says or can't be read, 1 internal error."
_THREADS = min(8, os.cpu_count() or 1)


@verb("weights", "Make or check the manifest of a folder of weights.", _EPILOG)
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--check", metavar="SHA256", help="Compare the folder with its manifest of this SHA-256; write nothing.")
def weights(folder: Path, check: str | None) -> int:
    """Write FOLDER/manifest.json, and print its SHA-256 for the stack file.

    The manifest has the size and SHA-256 of every file. Upload it with the folder: with `manifest_sha256` in the stack
    file each pod compares all files with it before vLLM starts.
    """
    from reading import check_weights

    try:
        if check is not None:
            size = check_weights.check(check_weights.Folder(folder), check, _THREADS)
            print(f"{folder} is what its manifest says: {size:,} bytes.")
            return FINE
        content = check_weights.manifest_of(folder, _THREADS)
        replace(folder / check_weights.MANIFEST, content)
    except check_weights.RefusedError as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return REJECTED
    except OSError as error:
        print(f"{folder} can't be read or written: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return REJECTED
    print(f"{folder / check_weights.MANIFEST} is written. In the stack file, beside `blob`:")
    print(f"manifest_sha256: {check_weights.sha256_of(content)}")
    return FINE
