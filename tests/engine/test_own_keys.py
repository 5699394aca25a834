"""A stack whose etcd, disks and weights are encrypted with keys of its vault, on the real engine."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, settings
from tests.engine.test_first_update import TARGETS

pytestmark = pytest.mark.engine


def config(**keys: bool) -> dict[str, Any]:
    """The development stack with keys of its own."""
    changed = settings("dev")
    changed[f"{PROJECT}:security"] |= {"keys": keys, "vault": {"purge_protection": True}}
    return changed


def test_keys_come_before_what_they_encrypt_and_stay_when_they_are_given_up(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm) as engine:
        run = engine.stack("dev", PROGRAM, config(etcd=True, disks=True, store=True), project=PROJECT)
        # The first half of a first update, in which the cluster waits for its keys.
        run.up(target=TARGETS)
        run.up()
        assert run.preview().is_quiet
        assert engine.azure.warnings == set()

        def inputs(token: str) -> dict[str, Any]:
            (found,) = [resource.inputs for resource in engine.cloud.azure if resource.token == token]
            return found

        kms = inputs("containerservice:ManagedCluster")["securityProfile"]["azureKeyVaultKms"]
        assert kms["keyId"].startswith("https://kv-acme-llm-dev-x7f.vault.azure.net/keys/platform-etcd/")
        assert kms["keyVaultResourceId"].endswith("/vaults/kv-acme-llm-dev-x7f")
        sets = [resource.id for resource in engine.cloud.azure if resource.token == "compute:DiskEncryptionSet"]
        assert [inputs("containerservice:ManagedCluster")["diskEncryptionSetID"]] == sets
        run.configure(config(etcd=False, disks=True, store=False))
        run.up()
        assert run.preview().is_quiet
        assert inputs("containerservice:ManagedCluster")["securityProfile"]["azureKeyVaultKms"] == {"enabled": False}
        assert inputs("storage:StorageAccount")["encryption"]["keySource"] == "Microsoft.Storage"
        kept = {resource.inputs["keyName"] for resource in engine.cloud.azure if resource.token == "keyvault:Key"}
        assert kept == {"platform-etcd", "platform-disks", "platform-store"}
