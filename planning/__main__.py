"""`python -m planning check|fit|rules`: another name of the same verbs of `llm-platform`."""

import sys
from collections.abc import Sequence

from cli.interruption import end_quietly

if __name__ == "__main__":
    end_quietly()

from cli import app  # takes long enough to be interrupted

_NAME = "python -m planning"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb as the arguments say; returns the exit code."""
    return app.main(arguments, app.PLANNING, _NAME)


if __name__ == "__main__":
    sys.exit(app.run(app.PLANNING, _NAME))
