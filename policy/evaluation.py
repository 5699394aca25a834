"""Judges a graph by every policy: what is violated, how strictly, and which violations an exception covers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy.policies import Level, Policy
from policy.register import POLICIES
from policy.resources import Resource

if TYPE_CHECKING:
    from policy.configuration import Configuration


@dataclass(frozen=True)
class Violation:
    """One resource, or the stack as a whole (`urn` is empty), against one policy.

    `exception` is the id of the exception that covers it: then it is reported, and blocks nothing.
    """

    policy: str
    level: Level
    urn: str
    message: str
    fix: str
    exception: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether the stack must not be updated as it is."""
        return self.level == "mandatory" and self.exception is None

    def to_json(self) -> dict[str, str | None]:
        """An entry of `policies` in the preview's JSON."""
        return {
            "policy": self.policy, "level": self.level, "urn": self.urn, "message": self.message, "fix": self.fix,
            "exception": self.exception,
        }  # fmt: skip

    @property
    def resource(self) -> str:
        """The resource's name, or `stack`."""
        return self.urn.rpartition("::")[2] or "stack"


def violations(
    resources: Sequence[Resource], configuration: "Configuration", policies: Iterable[Policy] = POLICIES
) -> tuple[Violation, ...]:
    """Every violation, those that block first, then by policy and URN."""
    found = [
        violation for policy in policies for violation in _of(policy, resources, configuration)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (not each.blocks, each.policy, each.urn, each.message)))


def _of(policy: Policy, resources: Sequence[Resource], configuration: "Configuration") -> Iterator[Violation]:
    level = configuration.level(policy)
    if level == "disabled":
        return
    for resource, message in policy.violations(resources, configuration.values(policy)):
        urn = "" if resource is None else resource.urn
        yield Violation(policy.name, level, urn, message, policy.fix, configuration.exception(policy.name, urn))
