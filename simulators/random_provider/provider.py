"""A stand-in for the random provider: it makes passwords.

Source: hashicorp/terraform-provider-random internal/provider/resource_password.go, which pulumi/pulumi-random bridges.
Nothing is kept outside the state: `Read` answers what the state has, `Delete` does nothing, and each input that differs
replaces (`RequiresReplace` of every attribute), so that a new value is another resource. Every object's id is `none`.
"""

import secrets
import string
from typing import Any

from simulators.provider_protocol.base import SimulatedProvider
from simulators.provider_protocol.calls import RefusedError
from simulators.provider_protocol.differences import differences
from simulators.provider_protocol.responses import CheckFailure, Difference
from simulators.provider_protocol.wire import UNKNOWN, decode

_PASSWORD = "random:index/randomPassword:RandomPassword"
# Its default set of special characters (`overrideSpecial` is another).
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_LETTERS = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "number": string.digits}


class Random(SimulatedProvider):
    """Passwords as pulumi-random 4.21 makes them; whoever asks for another type is refused."""

    package = "random"
    version = "4.21.4"

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Refuse other types, and what is shorter than one character."""
        del old
        failures = [] if type_ == _PASSWORD else [CheckFailure("", f"the stand-in makes no {type_}")]
        length = new.get("length")
        if not isinstance(length, (int, float)) or length < 1:
            failures.append(CheckFailure("length", f"expected length to be at least (1), got {length}"))
        return new, failures

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """Whatever differs makes another password."""
        del type_, id_
        changed = differences(old, new)
        return Difference(changed, frozenset(changed))

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """A value that is made later."""
        del type_
        return {**inputs, "result": UNKNOWN}

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a password."""
        del type_
        allowed = "".join(letters for name, letters in _LETTERS.items() if inputs.get(name, True))
        allowed += inputs.get("overrideSpecial", _SPECIAL) if inputs.get("special", True) else ""
        value = "".join(secrets.choice(allowed) for _ in range(int(inputs["length"])))
        return "none", {**inputs, "result": value}

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What the state has."""
        del type_, id_
        request = self._call.request
        return decode(request.inputs), decode(request.properties)

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Nothing can be changed in place."""
        raise RefusedError(f"{type_} {id_} has no attribute that can be changed in place: {sorted(inputs)}")

    def delete(self, type_: str, id_: str) -> None:
        """There is nothing outside the state."""
        del type_, id_
