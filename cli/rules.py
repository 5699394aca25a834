"""`rules`: the page that lists every rule."""

import sys

from cli.options import verb
from cli.process import FINE


@verb("rules", "Print the page of all rules.")
def rules() -> int:
    """Print every rule as a Markdown page: what it requires, what it prevents, and its source."""
    from planning.rules import REGISTER, page

    sys.stdout.write(page.page(REGISTER))
    return FINE
