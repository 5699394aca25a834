"""The first update in two steps, as docs/operating.md has it: vault, store and cluster first, then what reads them."""

import re
from pathlib import Path

import pytest

from tests.engine.platform_stacks import PROGRAM, PROJECT, REPOSITORY, STACKS, engine_for
from tests.stack_files import stack_file

pytestmark = pytest.mark.engine
# The command on the page, in the order in which it is written; later sections have targets of their own.
_WEIGHTS = (REPOSITORY / "docs" / "operating.md").read_text().partition("\n## Weights\n")[2].partition("\n## ")[0]
TARGETS = re.findall(r"--target '([^']+)'", _WEIGHTS)


@pytest.mark.parametrize("stack", STACKS)
def test_vault_store_and_cluster_come_first_and_the_rest_after_the_upload(
    stack: str, tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    assert {target.rpartition(":")[2].strip("*") for target in TARGETS} >= {"Network", "Vault", "ModelStore"}
    with engine_for(stack, tmp_path, arm) as engine:
        run = engine.stack(stack, PROGRAM, stack_file(stack), project=PROJECT)
        # The cluster is among the targets: the engine makes every provider, and the one for Kubernetes needs it.
        run.up(target=TARGETS)
        made = [resource.token for resource in engine.cloud.azure]
        assert {"keyvault:Vault", "storage:BlobContainer", "network:PrivateDnsZoneGroup"} <= set(made)
        assert "authorization:RoleAssignment" in made
        assert made.count("containerservice:ManagedCluster") == 1
        # The system pool alone: no GPU node is paid for while weights are copied.
        assert made.count("containerservice:AgentPool") == 1
        done = run.up()
        assert {op for ops in done.operations.values() for op in ops} == {"create"}
        assert run.preview().operations == {}
