"""Names of images: what the admission policy takes for an allowed repository, and what only looks like one.

The API server reads the same pattern as RE2; tests/cluster/test_image_admission.py asks it.
"""

import re

import pytest

from components.cluster.image_admission import reference_pattern

DIGEST = f"@sha256:{'0123456789abcdef' * 4}"
ALLOWED = (
    "docker.io/library/busybox",
    "docker.io/vllm/vllm-openai",
    "docker.io/acme/*",
    "ghcr.io/acme/tools/*",
    "localhost:5000/probe",
    "acracmedevx7f.azurecr.io/docker.io/vllm/vllm-openai",
)


def allowed(name: str, *repositories: str) -> bool:
    return re.fullmatch(reference_pattern(repositories or ALLOWED), name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "docker.io/vllm/vllm-openai:v0.33.0",
        "vllm/vllm-openai",
        "index.docker.io/vllm/vllm-openai:latest",
        f"vllm/vllm-openai{DIGEST}",
        f"docker.io/vllm/vllm-openai:v0.33.0{DIGEST}",
        "busybox",
        "busybox:1.37",
        "library/busybox",
        "docker.io/busybox",
        "docker.io/library/busybox:1.37",
        "acme/anything/below:1",
        "docker.io/acme/x",
        "ghcr.io/acme/tools/probe:1",
        "localhost:5000/probe:1",
        "acracmedevx7f.azurecr.io/docker.io/vllm/vllm-openai:v0.33.0",
    ],
)
def test_names_of_allowed_repositories(name: str) -> None:
    assert allowed(name)


@pytest.mark.parametrize(
    "name",
    [
        # Another registry, whose name begins or ends like an allowed one.
        "docker.io.evil.example/vllm/vllm-openai",
        "evil.example/docker.io/vllm/vllm-openai",
        "docker.io:443/vllm/vllm-openai",
        "registry-1.docker.io/vllm/vllm-openai",
        "evildocker.io/vllm/vllm-openai",
        "dockerXio/vllm/vllm-openai",
        "localhost:5001/probe",
        "localhost/probe",
        # Another repository, whose name begins like an allowed one.
        "vllm/vllm-openai-evil",
        "vllm/vllm-openai/evil",
        "ghcr.io/acme/toolsevil/probe",
        "ghcr.io/acme/tools",
        "acme",
        # Docker Hub's user `busybox` is not the official image.
        "busybox/evil",
        "docker.io/busybox/evil",
        "library/busybox/evil",
        # Containerd takes letters as they are.
        "Docker.io/vllm/vllm-openai",
        "docker.io/VLLM/vllm-openai",
        # Out of the folder, and no names at all.
        "ghcr.io/acme/tools/../../evil/x",
        "ghcr.io/acme/tools/./x",
        "ghcr.io/acme/tools//x",
        "",
        " vllm/vllm-openai",
        "vllm/vllm-openai:v1 ",
        "vllm/vllm-openai:v1\n",
        "vllm/vllm-openai@sha256:0123",
        "vllm/vllm-openai@md5:0123456789abcdef0123456789abcdef",
        "https://docker.io/vllm/vllm-openai",
        "user@docker.io/vllm/vllm-openai",
    ],
)
def test_names_of_others(name: str) -> None:
    assert not allowed(name)


def test_a_whole_registry_is_that_registry_alone() -> None:
    assert allowed("docker.io/any/thing", "docker.io/*")
    # Without its registry a name may begin with another one's.
    assert not allowed("evil.example/any/thing", "docker.io/*")
    assert not allowed("any/thing", "docker.io/*")
    assert allowed("ghcr.io/any/thing", "ghcr.io/*")
    assert not allowed("ghcr.io", "ghcr.io/*")
    assert not allowed("ghcr.io.evil.example/any", "ghcr.io/*")
