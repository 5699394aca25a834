"""The simulated External Secrets operator puts off the end of an ExternalSecret as version 2.9.0 does.

Not on the real one, whose module is of a version that had no finalizer yet.
"""

from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.external_secrets.secrets_operator import FINALIZER, SecretsOperator
from tests.cluster.external_secrets import API_VERSION, KIND, Space, define


@pytest.mark.cluster
def test_without_the_operator_a_deletion_does_not_end(module_cluster: ControlPlane, reference: Path) -> None:
    client = module_cluster.client
    define(client, reference)
    space = Space(client, "finalizer")
    with SecretsOperator(client):
        space.store({"v": "value"})
        space.want("one", {"key": "v"})
        space.require_secret("one", {"key": "value"})
    assert space.external("one")["metadata"]["finalizers"] == [FINALIZER]
    client.delete(API_VERSION, KIND, "one", space.name)
    assert space.external("one")["metadata"]["deletionTimestamp"]
    assert space.values("one") == {"key": "value"}
    with SecretsOperator(client):
        client.wait(API_VERSION, KIND, "one", space.name, until=lambda found: found is None)
        space.require_secret("one", None)
