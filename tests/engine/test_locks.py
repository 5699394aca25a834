"""A lock keeps a resource and what lies below it, goes first when it may go, and takes two updates to be taken away."""

from collections.abc import Callable

import pulumi
import pytest
from pulumi_azure_native import authorization, network, resources

from rehearsal.engine import Engine, OperationRefusedError
from simulators.provider_protocol.calls import RefusedError

pytestmark = pytest.mark.engine
_ROLE = "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
_NAME = "00000000-0000-4000-8000-000000000009"


def program(*, locked: bool, granted: bool) -> Callable[[], None]:
    """An address, a role on it, and a lock that is made after both, as components/azure/lock.py has it."""

    def run() -> None:
        group = resources.ResourceGroup("group", resource_group_name="rg", location="eastus")
        address = network.PublicIPAddress(
            "address",
            public_ip_address_name="pip",
            resource_group_name="rg",
            sku={"name": "Standard"},
            opts=pulumi.ResourceOptions(depends_on=[group]),
        )
        below: list[pulumi.Resource] = [address]
        if granted:
            below.append(
                authorization.RoleAssignment(
                    "grant",
                    role_assignment_name=_NAME,
                    role_definition_id=_ROLE,
                    principal_id=_NAME,
                    principal_type="Group",
                    scope=address.id,
                    opts=pulumi.ResourceOptions(depends_on=[address]),
                )
            )
        if locked:
            authorization.ManagementLockByScope(
                "lock",
                lock_name="keep",
                scope=address.id,
                level=authorization.LockLevel.CAN_NOT_DELETE,
                opts=pulumi.ResourceOptions(depends_on=below),
            )

    return run


def test_a_lock_keeps_the_resource_and_its_group_from_portal_and_command_line(engine: Engine) -> None:
    engine.stack("dev", program(locked=True, granted=False), {}).up()
    ids = {resource.token: resource.id for resource in engine.cloud.azure}
    for kind in ("network:PublicIPAddress", "resources:ResourceGroup"):
        with pytest.raises(RefusedError, match="ScopeLocked"):
            engine.azure.delete(f"azure-native:{kind}", ids[kind])
    assert engine.cloud.find(ids["network:PublicIPAddress"]) is not None


def test_a_role_on_a_locked_resource_goes_in_the_update_after_the_lock(engine: Engine) -> None:
    stack = engine.stack("dev", program(locked=True, granted=True), {})
    stack.up()
    stack.program = program(locked=True, granted=False)
    with pytest.raises(OperationRefusedError, match="ScopeLocked"):
        stack.up()
    for after in (program(locked=False, granted=True), program(locked=False, granted=False)):
        stack.program = after
        stack.up()
    stack.program = program(locked=True, granted=False)
    stack.up()
    assert stack.preview().is_quiet
    assert {resource.token for resource in engine.cloud.azure} == {
        "authorization:ManagementLockByScope", "network:PublicIPAddress", "resources:ResourceGroup"
    }  # fmt: skip


def test_a_destroy_deletes_the_lock_before_what_it_locks(engine: Engine) -> None:
    stack = engine.stack("dev", program(locked=True, granted=True), {})
    stack.up()
    stack.destroy()
    assert engine.cloud.azure == []
