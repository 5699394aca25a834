"""The end of a stack: a protected one refuses to be destroyed and stays whole, an unprotected one keeps its models."""

from typing import Any

import pytest

from rehearsal.engine import OperationRefusedError
from tests.cluster.life import FromNothing
from tests.engine.platform_stacks import section, settings


def require_destroyed(life: FromNothing) -> None:
    """Destroy a stack that is up, and find that nothing is left but what is to be retained."""
    if life.plan.platform.protect:
        _require_refused(life)
        unprotected = settings(life.name)
        section(unprotected, "platform")["protect"] = False
        life.stack.configure(unprotected)
        life.stack.up()
    held = life.stack.resources().values()
    kept = {
        resource["id"]
        for resource in held
        if resource.get("retainOnDelete") and resource["type"].startswith("azure-native:")
    }
    objects = life.objects()
    life.stack.destroy()
    assert life.stack.resources() == {}
    group = f"/resourceGroups/{life.plan.foundation.scope.resource_group}/"
    left = {resource.id for resource in life.engine.cloud.azure} - life.before
    # What is retained inside the platform's own group goes with the group (the vault is then soft-deleted).
    assert left == {id_ for id_ in kept if group not in id_}
    assert left
    assert life.engine.client.list("v1", "Node") == []
    assert life.engine.client.list("v1", "Pod") == []
    assert [item for item in objects if life.has(*item)] == []


def _require_refused(life: FromNothing) -> None:
    before, azure = _without_secrets(life.stack.resources()), [resource.id for resource in life.engine.cloud.azure]
    pods = {pod["metadata"]["uid"] for pod in life.engine.client.list("v1", "Pod")}
    with pytest.raises(OperationRefusedError, match="protected") as refused:
        life.stack.destroy()
    assert refused.value.outcome.writes() == ()
    assert _without_secrets(life.stack.resources()) == before
    assert [resource.id for resource in life.engine.cloud.azure] == azure
    assert {pod["metadata"]["uid"] for pod in life.engine.client.list("v1", "Pod")} == pods


def _without_secrets(resources: Any) -> Any:
    """Exported resources, encrypted text left out: every write encrypts it again."""
    if isinstance(resources, dict):
        return {key: _without_secrets(value) for key, value in resources.items() if key != "ciphertext"}
    return [_without_secrets(item) for item in resources] if isinstance(resources, list) else resources
