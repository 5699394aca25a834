"""A platform of this program goes up on a real control plane: the harness holds together."""

from pathlib import Path

import pytest

from tests.cluster.harness import platform_engine
from tests.cluster.pod_states import runs_to_completion
from tests.engine.harness import plain_text_secrets
from tests.engine.platform_stacks import run

pytestmark = pytest.mark.cluster


def test_the_small_platform_goes_up_stays_and_goes(tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    with platform_engine("dev", tmp_path, arm) as engine:
        stack = run(engine, "dev")
        update = stack.up()
        pods = engine.client.list("v1", "Pod")
        assert {pod["status"]["phase"] for pod in pods if not runs_to_completion(pod)} == {"Running"}
        assert {pod["status"]["phase"] for pod in pods if runs_to_completion(pod)} == {"Succeeded"}
        assert engine.client.list("v1", "Node") != []
        assert {step.op for step in update.steps} == {"create"}
        assert stack.preview().is_quiet
        assert stack.refresh().is_quiet
        assert stack.preview().is_quiet
        server = engine.kubernetes.kubeconfig["clusters"][0]["cluster"]
        needles = ["kubelogin", server["server"], server["certificate-authority-data"]]
        assert plain_text_secrets(stack.export(), needles) == []
        stack.destroy()
        assert engine.client.list("v1", "Node") == []
        assert engine.client.list("v1", "Pod") == []
        assert stack.resources() == {}
