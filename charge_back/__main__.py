"""Writes what is missing, and exits with 1 where a day could not be written.

Usage: `python -m charge_back SETTINGS`.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from charge_back.blobs import Container
from charge_back.calls import ExportError
from charge_back.export import export
from charge_back.settings import read
from charge_back.sign_in import storage_token


def main(file: str) -> int:
    """Export once."""
    settings = read(Path(file))
    try:
        for line in export(settings, Container(settings.container, storage_token()), now=datetime.now(UTC)):
            print(line, flush=True)
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
