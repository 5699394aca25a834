"""What a policy is: a name, what it demands and why, a pure function that finds violations, and how strict it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Literal

from policy.resources import UNKNOWN, Resource

Level = Literal["mandatory", "advisory", "disabled"]
LEVELS: tuple[Level, ...] = ("mandatory", "advisory", "disabled")
Values = Mapping[str, Any]
# A message for each violation of one resource.
Check = Callable[[Resource, Values], Iterator[str]]
# The resource and a message for each violation of a stack; None where the stack as a whole is what is wrong.
StackCheck = Callable[[Sequence[Resource], Values], Iterator[tuple[Resource | None, str]]]


@dataclass(frozen=True)
class Setting:
    """A value that an organisation may set for a policy, with what holds without it. `type` is JSON schema's."""

    type: Literal["array", "number", "boolean"]
    default: Any
    text: str


@dataclass(frozen=True)
class Policy:
    """One demand. `level` holds where no configuration says otherwise.

    Exactly one of `check` and `stack_check` is given. `cis` are recommendations of the CIS AKS Benchmark 1.7, `mcsb`
    controls of the Microsoft cloud security benchmark 1. `fix` says what to write instead.
    """

    name: str
    demand: str
    fix: str
    level: Level
    check: Check | None = None
    stack_check: StackCheck | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    cis: tuple[str, ...] = ()
    mcsb: tuple[str, ...] = ()

    def violations(self, resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
        """Every violation, with the values that a configuration sets beside the defaults."""
        filled = {**{name: setting.default for name, setting in self.settings.items()}, **values}
        if self.stack_check is not None:
            yield from self.stack_check(resources, filled)
        if self.check is not None:
            for resource in resources:
                yield from zip(repeat(resource), self.check(resource, filled), strict=False)


def demands(kind: str, path: str, allowed: Iterable[Any], *, where: Callable[[Resource], bool] | None = None) -> Check:
    """A check that a property of every resource of a type has one of the allowed values.

    Unset counts as a violation: what a provider or a cloud fills in may change. Unknown values are not judged.
    """
    values = tuple(allowed)

    def check(resource: Resource, settings: Values) -> Iterator[str]:
        del settings
        if resource.type != kind or (where is not None and not where(resource)):
            return
        found = resource.get(path)
        if found not in (*values, UNKNOWN):
            actual = "not set" if found is None else _shown(found)
            yield f"{path} is {actual}, allowed: {', '.join(map(_shown, values))}"

    return check


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
