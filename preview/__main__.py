"""`python -m preview STACK`: another name of `llm-platform preview STACK`."""

import sys
from collections.abc import Sequence

from cli.interruption import end_quietly

if __name__ == "__main__":
    end_quietly()

from cli import app  # takes long enough to be interrupted

_NAME = "python -m preview"


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview one stack as the arguments say; returns the exit code."""
    return app.main(arguments, app.PREVIEW, _NAME)


if __name__ == "__main__":
    sys.exit(app.run(app.PREVIEW, _NAME))
