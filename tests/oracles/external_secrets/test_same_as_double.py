"""What the simulated operator is tested for holds on the real one: the same tests."""

import pytest

from tests.cluster import test_external_secrets, test_external_secrets_stores
from tests.cluster.test_external_secrets import space
from tests.oracles.external_secrets.installed import Installed

__all__ = ["space"]
pytestmark = pytest.mark.cluster
for module in (test_external_secrets, test_external_secrets_stores):
    globals().update({name: test for name, test in vars(module).items() if name.startswith("test_")})


def test_the_operator_is_the_real_one(running: Installed) -> None:
    assert running.operator.is_running
    assert running.webhook.is_running
    assert "reconciled secret" in running.operator.log.read_text()
