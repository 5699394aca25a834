"""The first update in two steps, as docs/operating.md has it: vault and store first, then what reads them."""

import re
from pathlib import Path

import pytest

from tests.engine.platform_stacks import PROGRAM, PROJECT, REPOSITORY, STACKS, engine_for
from tests.stack_files import stack_file

pytestmark = pytest.mark.engine
# The command on the page, in the order in which it is written.
TARGETS = re.findall(
    r"--target '([^']+)'", (REPOSITORY / "docs" / "operating.md").read_text().partition("## Weights")[2]
)


@pytest.mark.parametrize("stack", STACKS)
def test_vault_and_store_come_first_and_the_rest_after_the_upload(
    stack: str, tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    first = [target for target in TARGETS if "Cluster" not in target]
    assert {target.rpartition(":")[2].strip("*") for target in first} >= {"Network", "Vault", "ModelStore"}
    with engine_for(stack, tmp_path, arm) as engine:
        run = engine.stack(stack, PROGRAM, stack_file(stack), project=PROJECT)
        run.up(target=first)
        made = {resource.token for resource in engine.cloud.azure}
        assert {"keyvault:Vault", "storage:BlobContainer", "network:PrivateDnsZoneGroup"} <= made
        assert "authorization:RoleAssignment" in made
        assert not [token for token in made if token.startswith("containerservice:")]
        done = run.up()
        assert {op for ops in done.operations.values() for op in ops} == {"create"}
        assert run.preview().operations == {}


def test_a_cluster_for_the_upload_comes_without_the_models(tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm) as engine:
        run = engine.stack("dev", PROGRAM, stack_file("dev"), project=PROJECT)
        run.up(target=TARGETS)
        made = [resource.token for resource in engine.cloud.azure]
        assert made.count("containerservice:ManagedCluster") == 1
        # The system pool alone: no GPU node is paid for while weights are copied.
        assert made.count("containerservice:AgentPool") == 1
        assert {op for ops in run.up().operations.values() for op in ops} == {"create"}
