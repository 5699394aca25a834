"""What a resource inherits from its parent, by the engine's `inheritFromParent` and provider maps.

Source: pulumi, pkg/resource/deploy/source_eval.go (`inheritFromParent`, `resolveProvider`, `RegisterResource`).
"""

from collections.abc import Mapping

from msgspec import Struct
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

from preview.engine import urn


class Goal(Struct, frozen=True):
    """The inheritable options of a resource's request; `None` means that the option was not set, which is not `False`.

    `provider` is a reference (`URN::id`), empty for a default provider and for components, whose provider the engine
    does not keep.
    """

    deleted_with: str = ""
    protect: bool | None = None
    retain_on_delete: bool | None = None
    provider: str = ""


def inherit(child: RegisterResourceRequest, parent: Goal) -> Goal:
    """The child's own options completed by its parent's.

    An explicit `protect=False` or `retain_on_delete=False` stops the inheritance; a `deleted_with` can be replaced but
    not removed. A provider passes only to resources of its package, and to local components.
    """
    provider = child.provider
    if not provider and _takes_provider(child, parent.provider):
        provider = parent.provider
    return Goal(
        deleted_with=child.deletedWith or parent.deleted_with,
        protect=child.protect if child.HasField("protect") else parent.protect,
        retain_on_delete=child.retainOnDelete if child.HasField("retainOnDelete") else parent.retain_on_delete,
        provider=provider,
    )


def resolve_provider(provider: str, own: Mapping[str, str], above: Mapping[str, str], package: str) -> str:
    """The provider reference of a custom or remote resource: its own, else by package from its or its parent's map."""
    return provider or own.get(package) or above.get(package, "")


def merge_providers(own: Mapping[str, str], above: Mapping[str, str]) -> Mapping[str, str]:
    """A component's provider map for its children: its own entries before those of a parent component."""
    if not own:
        return above
    return {**above, **own}


def reference_urn(reference: str) -> str:
    """The provider's URN in a provider reference (`URN::id`)."""
    return reference.rpartition("::")[0]


def _takes_provider(child: RegisterResourceRequest, reference: str) -> bool:
    if not reference:
        return False
    if not child.remote and not child.custom:
        return True
    return urn.provider_package(reference_urn(reference)) == urn.package_of(child.type)
