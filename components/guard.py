"""Guards: `destroy` of a protected stack fails before anything is touched."""

from collections.abc import Iterable

import pulumi


class Guard(pulumi.ComponentResource):
    """A resource that depends on all of one component, so that a destroy has to begin with it.

    Protecting the cluster alone is not enough: objects that are `deleted_with` it are dropped from the state, and the
    pools are deleted, before the engine reaches the cluster and refuses.
    """

    def __init__(self, component: pulumi.Resource, *, protect: bool) -> None:
        name = f"guard-{component.pulumi_resource_name}"
        options = pulumi.ResourceOptions(protect=protect, depends_on=[component])
        super().__init__("llm-platform:components:Guard", name, None, options)
        self.register_outputs({})


def guard(components: Iterable[pulumi.Resource], *, protect: bool) -> None:
    """Guard every component, each with a guard of its own: adding a component changes no existing resource.

    Nothing depends on the guards, so a destroy tries to delete them first, is refused by every one of them and stops.
    An unprotected stack has them too: if they were left out, removing the protection would itself delete protected
    resources, and be refused.
    """
    for component in components:
        Guard(component, protect=protect)
