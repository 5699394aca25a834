"""The flat floor: bare SDK calls that register a graph again, replayed without any of this program's code."""

import importlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

Place = tuple[str | int, ...]


@dataclass(slots=True)
class Call:
    """One constructor call. Resources are named by their place in the list of calls.

    `arguments` carry Python names and plain values; `unknowns` are the paths of values that exist only with another
    resource, each with that resource's place in the list: its id is put there.
    """

    module: str | None
    class_name: str
    name: str
    arguments: dict[str, Any]
    parent: int | None
    depends_on: tuple[int, ...]
    provider: int | None
    deleted_with: int | None
    plain_options: dict[str, Any]
    unknowns: list[tuple[Place, int]] = field(default_factory=list)
    secrets: list[Place] = field(default_factory=list)


def program(path: Path) -> Callable[[], None]:
    """The program of these calls, to be run by the engine."""

    def run() -> None:
        with path.open("rb") as file:
            calls, outputs = pickle.load(file)  # noqa: S301 - written by this bench a moment before
        made: list[pulumi.Resource] = []
        for call in calls:
            made.append(_make(call, made))
        for name, value in outputs.items():
            pulumi.export(name, value)

    return run


def _make(call: Call, made: list[pulumi.Resource]) -> pulumi.Resource:
    options = pulumi.ResourceOptions(
        parent=None if call.parent is None else made[call.parent],
        depends_on=[made[index] for index in call.depends_on],
        provider=None if call.provider is None else _provider(made[call.provider]),
        deleted_with=None if call.deleted_with is None else made[call.deleted_with],
        **call.plain_options,
    )
    if call.module is None:
        component = pulumi.ComponentResource(call.class_name, call.name, None, options)
        component.register_outputs({})
        return component
    for place, index in call.unknowns:
        _put(call.arguments, place, made[index].id)  # ty: ignore[missing-attribute]  # only custom resources are sources of unknowns
    for place in call.secrets:
        _put(call.arguments, place, pulumi.Output.secret("secret"))
    constructor = getattr(importlib.import_module(call.module), call.class_name)
    return constructor(call.name, opts=options, **call.arguments)


def _provider(resource: pulumi.Resource) -> pulumi.ProviderResource:
    assert isinstance(resource, pulumi.ProviderResource)  # noqa: S101 - otherwise a bug in the engine's record
    return resource


def _put(holder: Any, place: Place, value: object) -> None:
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
