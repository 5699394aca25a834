"""What an organisation may demand of every Azure resource, and of what a stack costs."""

from collections.abc import Iterator, Sequence

from policy.policies import Policy, Setting, Values
from policy.resources import UNKNOWN, Resource, belongs

# Resources of these types belong to no region.
_GLOBAL = "global"
_ADDRESS = "azure-native:network:PublicIPAddress"
_BUDGET = "azure-native:consumption:Budget"
_COSTLY = "azure-native:containerservice:AgentPool"
_NAT = "azure-native:network:NatGateway"


def _regions(resource: Resource, values: Values) -> Iterator[str]:
    region = resource.get("location")
    if not resource.type.startswith("azure-native:") or region in (None, UNKNOWN, _GLOBAL) or not values["regions"]:
        return
    allowed = {_plain(name) for name in values["regions"]}
    if _plain(region) not in allowed:
        yield f"region {region}, allowed: {', '.join(map(str, values['regions']))}"


def _plain(region: object) -> str:
    """`East US` is `eastus`."""
    return str(region).replace(" ", "").lower()


def _tags(resource: Resource, values: Values) -> Iterator[str]:
    tags = resource.get("tags")
    if not resource.type.startswith("azure-native:") or not isinstance(tags, dict):
        return
    missing = [str(name) for name in values["tags"] if not tags.get(name)]
    if missing:
        yield f"without the tags {', '.join(missing)}"


def _public_addresses(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    """A public address of a NAT gateway is for connections that begin inside; nothing can connect to it."""
    del values
    gateways = [resource for resource in resources if resource.type == _NAT]
    for address in resources:
        if address.type == _ADDRESS and not any(
            belongs(gateway, reference.get("id"), address)
            for gateway in gateways
            for reference in gateway.items("publicIpAddresses")
        ):
            yield address, "a public address that is not a NAT gateway's"


def _budget(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    del values
    if any(resource.type == _COSTLY for resource in resources):
        budgets = [resource for resource in resources if resource.type == _BUDGET]
        if not budgets:
            yield None, "nobody is told when this stack costs more than planned"
        for budget in budgets:
            if not budget.get("notifications"):
                yield budget, "the budget tells nobody"


POLICIES = (
    Policy(
        "allowed-regions", "Resources are in regions that the organisation allows.", "platform.region", "mandatory",
        _regions, settings={"regions": Setting("array", [], "names of regions; empty allows all")},
        mcsb=("AM-2",),
    ),
    Policy(
        "required-tags", "Every resource that takes tags has those that the organisation requires.", "platform.tags",
        "mandatory", _tags,
        settings={"tags": Setting("array", ["environment", "managed-by"], "names of tags")}, mcsb=("AM-1",),
    ),
    Policy(
        "no-public-addresses", "Nothing can be reached by a public address.",
        "gateway.exposure: internal, and leave other public addresses out", "mandatory",
        stack_check=_public_addresses, mcsb=("NS-2",),
    ),
    Policy(
        "budget", "A budget tells somebody when the stack costs more than planned.",
        "add a budget for the resource groups", "advisory", stack_check=_budget, mcsb=("AM-2",),
    ),
)  # fmt: skip
