"""`rules`: the page that lists every rule."""

import sys

from cli.process import FINE


def rules() -> int:
    """Print every rule as a Markdown page: what it asks, what it prevents, and where that is known from."""
    from planning.rules import page
    from planning.rules.subjects import REGISTER

    sys.stdout.write(page.page(REGISTER))
    return FINE
