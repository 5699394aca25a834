"""The role by which a model reads its weights, judged by Azure's stand-in: below one folder, and nothing else."""

from typing import Any

import pytest
from planning_stacks import model, plan

from planning.plan import PodIdentityPlan
from simulators.azure import access
from simulators.azure.cloud import AzureObject, Cloud

ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/weights"
STORED = {"model": "Qwen/Qwen3-8B"}


def identities(**folders: str) -> dict[str, PodIdentityPlan]:
    """The identities of models whose weights are in these folders, by the model's name."""
    changes = {
        f"models[{index}]": model(name, "h100", slice="3g.47gb", source={**STORED, "blob": folder.replace("__", "/")})
        for index, (name, folder) in enumerate(folders.items())
    }
    return {made.service_account: made for made in plan(changes).foundation.pod_identities if made.read_weights}


def cloud(identity: PodIdentityPlan, **differences: Any) -> Cloud:
    """A container of weights, and the role as the component assigns it."""
    grant = identity.read_weights
    assert grant is not None
    found = Cloud()
    found.put(AzureObject(CONTAINER, "storage:BlobContainer", {}, {}))
    given: dict[str, Any] = {"principalId": "model", "scope": CONTAINER, "roleDefinitionId": grant.role_definition_id}
    given |= {"condition": grant.condition, "conditionVersion": "2.0", **differences}
    found.put(AzureObject(f"{CONTAINER}/roles/{grant.name}", "authorization:RoleAssignment", given, {}))
    return found


def reads(found: Cloud, blob: str) -> bool:
    return access.principal_may(found, "model", access.READ_BLOB, f"{CONTAINER}{blob}")


def test_a_model_reads_below_its_own_folder_alone() -> None:
    found = cloud(identities(chat="qwen3-8b__1", other="qwen3-8b-evil__1")["chat"])
    assert reads(found, "/blobs/qwen3-8b/1/config.json")
    # The next revision needs no other role.
    assert reads(found, "/blobs/qwen3-8b/2/tokenizer/tokenizer.json")
    assert not reads(found, "/blobs/qwen3-8b-evil/1/config.json")
    assert not reads(found, "/blobs/qwen3-8b")
    assert not reads(found, "")
    assert not access.principal_may(found, "model", access.WRITE_BLOB, f"{CONTAINER}/blobs/qwen3-8b/1/config.json")


def test_another_folder_is_another_assignment() -> None:
    """Made before the former one goes; within a folder nothing changes."""
    one, newer, moved = (identities(chat=folder)["chat"] for folder in ("qwen3-8b__1", "qwen3-8b__2", "qwen3__1"))
    assert one.read_weights == newer.read_weights
    assert one.weights_folder == newer.weights_folder != moved.weights_folder
    assert one.read_weights is not None
    assert moved.read_weights is not None
    assert one.read_weights.name != moved.read_weights.name


@pytest.mark.parametrize(
    "differences",
    [{"condition": "@Resource[x] StringEquals 'y'"}, {"conditionVersion": None}, {"conditionVersion": "1.0"}],
)
def test_a_condition_of_another_form_raises_an_error(differences: dict[str, Any]) -> None:
    found = cloud(identities(chat="qwen3-8b__1")["chat"], **differences)
    with pytest.raises(access.UnknownConditionError):
        reads(found, "/blobs/qwen3-8b/1/config.json")
