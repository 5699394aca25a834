"""The policies as Pulumi's own pack: `pulumi preview --policy-pack policy --policy-pack-config policy/prod.json`."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from operator import getitem
from pathlib import Path
from typing import Any

from pulumi_policy import (  # ty: ignore[import-not-found] - it is in the environment that Pulumi runs this in
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError  # ty: ignore[import-not-found]

# Pulumi runs this folder as a program; its modules belong to the package that the folder is.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from policy import policies  # noqa: E402 - as above
from policy.register import POLICIES  # noqa: E402
from policy.resources import UNKNOWN, Resource  # noqa: E402

_LEVELS = {
    "mandatory": EnforcementLevel.MANDATORY,
    "advisory": EnforcementLevel.ADVISORY,
    "disabled": EnforcementLevel.DISABLED,
}


def _plain(read: Callable[[], Any]) -> Any:
    """A value as the preview's JSON has it: Pulumi raises where a value is unknown."""
    try:
        value = read()
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _plain(partial(getitem, value, key)) for key in value}
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return value
    return [_plain(partial(getitem, value, index)) for index in range(len(value))]


# What each resource is registered with, by URN. Policies of a whole stack are given what providers answer, which is
# nothing before a cluster exists; Pulumi has shown every resource to the policies of single ones before that.
_REGISTERED: dict[str, Mapping[str, Any]] = {}


def _of_resource(policy: policies.Policy) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.urn not in _REGISTERED:
            _REGISTERED[args.urn] = _plain(partial(getattr, args, "props"))
        resource = Resource(args.resource_type, args.name, _REGISTERED[args.urn], urn=args.urn)
        for _, message in policy.violations([resource], args.get_config()):
            report(f"{message}; {policy.fix}")

    return ResourceValidationPolicy(
        name=policy.name, description=policy.demand, validate=validate, enforcement_level=_LEVELS[policy.level],
        config_schema=_schema(policy),
    )  # fmt: skip


def _dependencies(resource: PolicyResource) -> list[str]:
    several = (resource.dependencies, *resource.property_dependencies.values())
    return [other.urn for others in several for other in others]


def _of_stack(policy: policies.Policy) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                each.resource_type, each.name, _REGISTERED.get(each.urn, {}), urn=each.urn,
                depends_on=_dependencies(each),
            )
            for each in args.resources
        ]  # fmt: skip
        for resource, message in policy.violations(resources, args.get_config()):
            report(f"{message}; {policy.fix}", None if resource is None else resource.urn)

    return StackValidationPolicy(
        name=policy.name, description=policy.demand, validate=validate, enforcement_level=_LEVELS[policy.level],
        config_schema=_schema(policy),
    )  # fmt: skip


def _schema(policy: policies.Policy) -> PolicyConfigSchema | None:
    if not policy.settings:
        return None
    return PolicyConfigSchema(
        properties={
            name: {"type": setting.type, "default": setting.default, "description": setting.text}
            for name, setting in policy.settings.items()
        }
    )


PolicyPack(
    name="llm-platform",
    policies=[_of_resource(each) if each.stack_check is None else _of_stack(each) for each in POLICIES],
)
