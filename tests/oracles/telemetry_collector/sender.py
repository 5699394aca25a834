"""Sends spans as they are written: `python sender.py ADDRESS:PORT FILE`, a file with a list of spans as JSON.

Their ids follow from their places in the list, so that two runs send the same.
"""

import json
import sys
from pathlib import Path

from tests.oracles.telemetry_collector.otlp import Sender, group

_AT_ONCE = 200

if __name__ == "__main__":
    sender = Sender(sys.argv[1])
    spans = json.loads(Path(sys.argv[2]).read_text())
    groups = [group(span, f"{number:016x}") for number, span in enumerate(spans, 1)]
    for begin in range(0, len(groups), _AT_ONCE):
        sender.send(*groups[begin : begin + _AT_ONCE])
