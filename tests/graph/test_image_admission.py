"""Which images may run: the policy has every image of the platform, comes before every pod, and spares all others."""

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

import catalog
from simulators.helm.chart_values import reference_file
from tests.graph.stacks import ALL, ROOT, Entry, by_urn, entries_of, graph_of, is_kubernetes

CATALOG = catalog.load()
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_NAME = "llm-platform-images"
_SHARED = ROOT / ".." / "shared"
each_stack = pytest.mark.parametrize("stack", ALL)


def own(stack: str, kind: str) -> Entry:
    (found,) = (
        entry
        for entry in entries_of(stack)
        if entry["inputs"].get("kind") == kind and entry["inputs"]["metadata"]["name"] == _NAME
    )
    return found


def allowed(stack: str) -> re.Pattern[str]:
    """The pattern in a stack's policy."""
    return _pattern(entries_of(stack))


def _pattern(entries: Iterable[Entry]) -> re.Pattern[str]:
    """The pattern in the policy, as the API server reads it."""
    (spec,) = (
        entry["inputs"]["spec"]
        for entry in entries
        if entry["inputs"].get("kind") == _POLICY and entry["inputs"]["metadata"]["name"] == _NAME
    )
    (refused,) = (item for item in spec["variables"] if item["name"] == "refused")
    found = re.search(r"i\.matches\('(.*)'\)\)$", refused["expression"])
    assert found is not None
    return re.compile(found[1].replace("\\\\", "\\"))


def images(value: Any) -> Iterator[str]:
    """Every image in the inputs of pods of our own, and of custom objects that name one."""
    if isinstance(value, list):
        for item in value:
            yield from images(item)
    elif isinstance(value, dict):
        if isinstance(value.get("image"), str):
            yield value["image"]
        for item in value.values():
            yield from images(item)


@each_stack
def test_every_image_that_the_program_names_is_allowed(stack: str) -> None:
    pods = [entry["inputs"] for entry in entries_of(stack) if is_kubernetes(entry) and ":Release" not in entry["type"]]
    found = list(images(pods))
    assert any("/vllm/" in image for image in found)
    assert any("/envoyproxy/" in image for image in found)
    assert [image for image in found if not allowed(stack).fullmatch(image)] == []


@each_stack
def test_every_image_of_the_charts_is_allowed_under_both_names(stack: str) -> None:
    """Through the platform's registry, and upstream, from where pods of a former setting come."""
    (registry,) = (entry for entry in entries_of(stack) if entry["type"].endswith("containerregistry:Registry"))
    host = f"{registry['inputs']['registryName']}.azurecr.io"
    for chart_images in CATALOG.chart_images.values():
        for image in chart_images:
            name = f"{image.repository}:{image.tag or 'v1'}"
            assert allowed(stack).fullmatch(name), name
            assert allowed(stack).fullmatch(f"{host}/{name}"), name
    assert not allowed(stack).fullmatch(f"{host}/docker.io/somebody/else:v1")
    assert not allowed(stack).fullmatch(f"{host}/of-our-own:v1")


def test_every_chart_has_its_images() -> None:
    assert set(CATALOG.chart_images) == set(CATALOG.charts)
    for name, chart in CATALOG.charts.items():
        repositories = [image.repository for image in CATALOG.chart_images[name]]
        # What the values of charts.yaml name is a registry, a part of a repository's name, or all of it.
        for upstream in chart.images.values():
            assert any(f"{repository}/".startswith(f"{upstream}/") for repository in repositories), (name, upstream)
        for repository in repositories:
            covered = [up for up in chart.images.values() if f"{repository}/".startswith(f"{up}/")]
            assert covered, f"{name}: {repository} comes through no value of charts.yaml"


def _repositories(values: Any, registry: str = "") -> Iterator[str]:
    """Repositories in a chart's default values: `registry` and `repository`, or `repository` and `image`."""
    if isinstance(values, dict):
        prefix = values.get("registry") or registry
        repository = values.get("repository")
        if isinstance(repository, str) and repository:
            if isinstance(values.get("image"), str) and values["image"]:
                yield f"{repository}/{values['image']}"
            else:
                yield f"{prefix}/{repository}" if prefix and "." not in repository.partition("/")[0] else repository
        for value in values.values():
            yield from _repositories(value)
    elif isinstance(values, list):
        for value in values:
            yield from _repositories(value)


# Images of what is off with the values of this program.
_OFF = re.compile(
    r"thanos/thanos|admission-webhook|envoyproxy/ratelimit|nvidia-fs|gdrdrv|vgpu|kubevirt|sandbox-device|"
    r"k8s-cc-manager|dra-driver|kubectl$|busybox$"
)


@pytest.mark.parametrize("name", list(CATALOG.charts))
def test_the_images_are_those_of_the_charts_own_values(name: str) -> None:
    shared = _SHARED if not (given := os.environ.get("REFERENCE_DIR")) else ROOT / given
    file = reference_file(shared / "charts", name, CATALOG.charts[name].version, "values.yaml")
    if not file.is_file():
        pytest.skip(f"no reference data at {file}: set REFERENCE_DIR")
    found = set(_repositories(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)))
    known = {image.repository for image in CATALOG.chart_images[name]}
    assert {repository for repository in found - known if not _OFF.search(repository)} == set()


@each_stack
def test_it_never_fails_open_and_looks_at_every_kind_of_container(stack: str) -> None:
    spec = own(stack, _POLICY)["inputs"]["spec"]
    assert spec["failurePolicy"] == "Fail"
    (rule,) = spec["matchConstraints"]["resourceRules"]
    assert set(rule["resources"]) == {"pods", "pods/ephemeralcontainers"}
    assert set(rule["operations"]) == {"CREATE", "UPDATE"}
    for kind in ("containers", "initContainers", "ephemeralContainers", "volumes"):
        assert f"object.spec.{kind}" in spec["variables"][0]["expression"]
    binding = own(stack, _BINDING)["inputs"]["spec"]
    assert (binding["policyName"], binding["validationActions"]) == (_NAME, ["Deny"])
    assert "matchResources" not in binding


@each_stack
def test_it_is_about_every_namespace_of_the_platform_and_no_other(stack: str) -> None:
    (selected,) = own(stack, _POLICY)["inputs"]["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    namespaces = [entry for entry in entries_of(stack) if entry["inputs"].get("kind") == "Namespace"]
    assert selected["key"] == "kubernetes.io/metadata.name"
    assert selected["operator"] == "In"
    assert set(selected["values"]) == {entry["inputs"]["metadata"]["name"] for entry in namespaces}
    assert not {"kube-system", "default", "kube-public"} & set(selected["values"])


@each_stack
def test_no_namespace_and_so_no_pod_comes_before_it(stack: str) -> None:
    known = by_urn(entries_of(stack))
    wanted = {own(stack, _POLICY)["urn"], own(stack, _BINDING)["urn"]}
    for entry in entries_of(stack):
        if entry["inputs"].get("kind") == "Namespace":
            assert wanted <= set(known[entry["urn"]]["options"]["depends_on"]), entry["name"]


def test_repositories_of_the_stack_file_are_allowed_too() -> None:
    graph: list[Any] = graph_of(
        "dev", lambda sections: sections["registry"].update(allowed=["ghcr.io/acme/*"])
    ).to_json()
    pattern = _pattern(graph)
    assert pattern.fullmatch("ghcr.io/acme/tools/probe:v1")
    assert not pattern.fullmatch("ghcr.io/acme-evil/probe:v1")
