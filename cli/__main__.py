"""`python -m cli`: the command line without its launcher, `.venv/bin/llm-platform`."""

import sys

from cli.interruption import end_quietly

if __name__ == "__main__":
    end_quietly()

from cli.app import run  # takes long enough to be interrupted

if __name__ == "__main__":
    sys.exit(run())
