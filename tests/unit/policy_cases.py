"""What cases of policies are made of: small resources, with the properties that a policy looks at."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from policy.resources import Resource

Made = Resource | Sequence[Resource]


class Case(Struct, frozen=True):
    """`good` violates nothing; `bad` does, with `words` in the message. `values` are set for the policy in both."""

    good: tuple[Made, ...]
    bad: tuple[tuple[Made, str], ...]
    values: Mapping[str, Any] = {}


def made(type_: str, properties: Mapping[str, Any], name: str = "it", depends_on: Sequence[str] = ()) -> Resource:
    return Resource(
        type_, name, properties, urn=f"urn:pulumi:dev::llm-platform::{type_}::{name}", depends_on=depends_on
    )


def nested(path: str, value: Any) -> dict[str, Any]:
    """`{"a": {"b": 1}}` of `a.b` and 1."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def switch(type_: str, path: str, good: Sequence[Any], bad: Sequence[Any], *, unset: bool = True) -> Case:
    """A property that must have a value; where `unset`, leaving it out is a violation too."""
    wrong = [(made(type_, nested(path, value)), path) for value in bad]
    if unset:
        wrong.append((made(type_, {}), f"{path} is not set"))
    accepted = [*(made(type_, nested(path, value)) for value in (*good, "[unknown]")), made("other:type:Thing", {})]
    return Case(tuple(accepted), tuple(wrong))
