"""Stored weights with a manifest are compared before the server starts; what that costs is in the plan."""

from typing import Any

import pytest

import catalog
import config
from planning import decide
from reading import check_weights
from tests.graph.stacks import entries_of, graph_of, sections_of

SHA256 = "c" * 64


def with_manifests(sections: dict[str, Any]) -> None:
    for model in sections["models"]:
        model["source"]["manifest_sha256"] = SHA256


def deployments(entries: Any) -> list[dict[str, Any]]:
    return [entry["inputs"] for entry in entries if entry["type"].endswith(":Deployment")]


@pytest.fixture(scope="module")
def graph() -> list[Any]:
    return graph_of("prod", with_manifests).to_json()


def test_each_pod_checks_its_own_folder_in_the_servers_image(graph: list[Any]) -> None:
    found = deployments(graph)
    assert found
    sources = {model["name"]: model["source"]["blob"] for model in sections_of("prod")["models"]}
    seen = set()
    for deployment in found:
        pod = deployment["spec"]["template"]["spec"]
        (check,) = pod["initContainers"]
        (server,) = pod["containers"]
        assert check["image"] == server["image"]
        folder = check["command"][check["command"].index("weights") + 1]
        assert f"az://weights/{folder}" in server["args"]
        assert check["command"][-2] == SHA256
        seen.add(folder)
        # The same program as the tests run, and nothing in the way of `restricted`.
        (configuration,) = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]
        (data,) = [
            entry["inputs"]["data"]
            for entry in graph
            if entry["inputs"].get("kind") == "ConfigMap" and entry["inputs"]["metadata"]["name"] == configuration
        ]
        assert data["check_weights.py"] == check_weights.source()
        assert check["securityContext"] == server["securityContext"]
        assert "nvidia.com/gpu" not in check["resources"]["limits"]
        for kind in ("cpu", "memory"):
            # The pod requests the larger of the two: nothing more than without the check.
            assert check["resources"]["requests"][kind] == check["resources"]["limits"][kind]
        assert int(check["resources"]["requests"]["cpu"]) <= int(server["resources"]["requests"]["cpu"])
    assert seen == set(sources.values())


def test_a_stack_without_manifests_has_no_check() -> None:
    for deployment in deployments(entries_of("prod")):
        assert "initContainers" not in deployment["spec"]["template"]["spec"]


def test_the_deadlines_hold_the_check() -> None:
    sections = sections_of("prod")
    before = decide(config.load(sections), catalog.load())
    with_manifests(sections)
    after = decide(config.load(sections), catalog.load())
    rate = catalog.load().overheads.weights_check_mb_s * 1_000_000
    for old, new in zip(before.models, after.models, strict=True):
        for was, now in zip(old.workloads, new.workloads, strict=True):
            added = now.progress_seconds - was.progress_seconds
            # One thread for each of the largest files that a checkpoint has, and whole minutes.
            weights = catalog.load().models[sections_of("prod")["models"][0]["source"]["model"]].weights_gib
            assert weights is not None
            assert added % 60 == 0
            assert added >= 60
            if old.name == "chat":
                assert added >= weights * 1024**3 / rate > added - 60
        assert [release.pod.start_seconds for release in old.releases] == [
            release.pod.start_seconds for release in new.releases
        ]


def test_a_new_manifest_or_a_new_program_is_a_rollout(graph: list[Any]) -> None:
    names = {entry["inputs"]["metadata"]["name"] for entry in graph if entry["inputs"].get("kind") == "ConfigMap"}
    former = {
        entry["inputs"]["metadata"]["name"]
        for entry in entries_of("prod")
        if entry["inputs"].get("kind") == "ConfigMap"
    }
    assert {name for name in names & former if name.startswith(("chat", "reasoning", "large"))} == set()


def test_nobody_changes_weights_for_so_many_days() -> None:
    entries: list[Any] = graph_of("prod", lambda sections: sections["storage"].update(immutable_days=30)).to_json()
    (policy,) = [entry for entry in entries if entry["type"] == "azure-native:storage:BlobContainerImmutabilityPolicy"]
    (container,) = [entry for entry in entries if entry["type"] == "azure-native:storage:BlobContainer"]
    assert policy["inputs"]["immutabilityPeriodSinceCreationInDays"] == 30
    assert policy["inputs"]["containerName"] == container["inputs"]["containerName"]
    assert container["urn"] in policy["options"]["depends_on"]
    assert policy["options"]["retain_on_delete"]
