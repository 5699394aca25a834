"""`policies`: the page that lists every policy."""

import sys

from cli.options import verb
from cli.process import FINE


@verb("policies", "Print the page of all policies.")
def policies() -> int:
    """Print every policy as a Markdown page: what it demands, how strictly, and which benchmark recommends it."""
    from policy.page import page
    from policy.register import POLICIES

    sys.stdout.write(page(POLICIES))
    return FINE
