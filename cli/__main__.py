"""`python -m cli`: the command line without its launcher, `.venv/bin/llm-platform`."""

import sys

from cli.app import run

if __name__ == "__main__":
    sys.exit(run())
