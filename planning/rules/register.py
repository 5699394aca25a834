"""The register of rules: each has an id, a severity, what it prevents, and one function that finds its violations."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from config import Finding
from config.findings import Severity
from planning.resolving.resolution import Resolution

# (path in the stack file, message, what to write instead)
Problem = tuple[str, str, str]
Check = Callable[[Resolution], Iterator[Problem]]


class Rule(Struct, frozen=True):
    """One rule; `prevents` is the failure that it keeps from a cluster, `source` where that is known from."""

    name: str
    severity: Severity
    prevents: str
    source: str
    check: Check

    def findings(self, situation: Resolution) -> list[Finding]:
        """Every violation in this situation."""
        return [Finding(self.severity, self.name, *problem) for problem in self.check(situation)]


REGISTER: dict[str, Rule] = {}


def rule(name: str, severity: Severity, *, prevents: str, source: str) -> Callable[[Check], Check]:
    """Enter a function into the register under its id.

    Raises:
        ValueError: the id is taken.
    """

    def enter(check: Check) -> Check:
        if name in REGISTER:
            message = f"two rules are called {name}"
            raise ValueError(message)
        REGISTER[name] = Rule(name, severity, prevents, source, check)
        return check

    return enter
