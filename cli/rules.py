"""`rules`: the page that lists every rule."""

import sys

from cli.process import FINE


def rules() -> int:
    """Print every rule as a Markdown page: what it requires, what it prevents, and its source."""
    from planning.rules import page
    from planning.rules.subjects import REGISTER

    sys.stdout.write(page.page(REGISTER))
    return FINE
