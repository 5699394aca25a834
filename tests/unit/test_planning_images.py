"""Images come through the platform's registry where it can have them, by the values that each chart reads."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from planning_stacks import CATALOG, ROOT, plan, planned

from simulators.helm.chart_values import reference_file

REFERENCE = Path(os.environ.get("REFERENCE_DIR", ROOT / ".." / "shared"))
ACCOUNT = {"username_secret": "docker-hub-name", "token_secret": "docker-hub-token"}
REGISTRY = "acracmellmdevx7f.azurecr.io"
UPSTREAM: dict[str, Any] = {"registry": {"images": "upstream"}}
NO_ACCOUNT: dict[str, Any] = {"registry": {"images": "cached"}}


def at(values: Any, path: str) -> Any:
    """The value at a path such as `image.keda.registry`; None where the mapping ends before."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def charts(changes: dict[str, Any]) -> dict[str, Any]:
    made = plan(changes)
    return {
        chart.name: chart.images
        for chart in (
            made.secrets.chart, made.gpu_operator.chart, made.autoscaling.chart, made.monitoring.chart,
            made.gateway.envoy, made.gateway.ai, made.gateway.ai_crds, made.certificates.chart,
        )
    }  # fmt: skip


def test_everything_that_can_be_cached_is_named_through_the_registry() -> None:
    """nvcr.io is no upstream of Azure's cache, so its images stay where they are."""
    found = charts({"registry": {"docker_hub": ACCOUNT}})
    for name, chart in CATALOG.charts.items():
        for path, upstream in chart.images.items():
            expected = None if upstream.startswith("nvcr.io") else f"{REGISTRY}/{upstream}"
            assert at(found[name], path) == expected, (name, path)


def test_without_an_account_docker_hub_stays_upstream_and_is_reported() -> None:
    found = charts(NO_ACCOUNT)
    assert found["gateway-helm"] == found["ai-gateway-helm"] == {}
    assert at(found["kube-prometheus-stack"], "grafana.image.registry") is None
    assert at(found["kube-prometheus-stack"], "grafana.sidecar.image.registry") == f"{REGISTRY}/quay.io"
    made = plan(NO_ACCOUNT)
    assert made.models[0].releases[0].image.startswith("docker.io/vllm/")
    assert made.gateway.proxy_image == "docker.io/envoyproxy/envoy:distroless-v1.39.3"
    assert made.foundation.registry.account is None
    assert [cache.source for cache in made.foundation.registry.caches] == [
        "ghcr.io/*",
        "quay.io/*",
        "registry.k8s.io/*",
    ]
    assert "REGISTRY-ANONYMOUS" in {finding.rule for finding in planned(NO_ACCOUNT).findings}


def test_upstream_switches_all_of_it_off() -> None:
    assert all(not images for images in charts(UPSTREAM).values())
    assert plan(UPSTREAM).foundation.registry.caches == ()


def test_what_is_imported_is_named_through_the_registry_and_not_cached() -> None:
    changes = {"registry": {"imported": ["nvcr.io", "docker.io"]}}
    found, made = charts(changes), plan(changes)
    assert at(found["gpu-operator"], "dcgmExporter.repository") == f"{REGISTRY}/nvcr.io/nvidia/k8s"
    assert made.models[0].releases[0].image == f"{REGISTRY}/docker.io/vllm/vllm-openai:v0.33.0"
    assert made.gateway.proxy_image == f"{REGISTRY}/docker.io/envoyproxy/envoy:distroless-v1.39.3"
    assert {cache.source for cache in made.foundation.registry.caches} == {
        "ghcr.io/*",
        "quay.io/*",
        "registry.k8s.io/*",
    }
    assert not [finding for finding in planned(changes).findings if finding.rule.startswith("REGISTRY-")]


def test_the_account_reads_its_own_two_secrets() -> None:
    account = plan({"registry": {"docker_hub": ACCOUNT}}).foundation.registry.account
    assert account is not None
    vault = "https://kv-acme-llm-dev-x7f.vault.azure.net/secrets"
    assert (account.username_secret, account.token_secret) == (f"{vault}/docker-hub-name", f"{vault}/docker-hub-token")
    assert [secret for secret, _ in account.read] == ["docker-hub-name", "docker-hub-token"]
    assert {grant.role for _, grant in account.read} == {"key_vault_secrets_user"}


def test_the_image_that_every_node_has_keeps_its_name() -> None:
    assert plan({}).models[0].handover.image.startswith("mcr.microsoft.com/")


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference data at {REFERENCE}")
@pytest.mark.parametrize("name", [name for name, chart in CATALOG.charts.items() if chart.images])
def test_the_values_are_the_charts_own(name: str) -> None:
    """What a chart's file shows must be the default that the catalog says; what it doesn't is a sub-chart's."""
    file = reference_file(REFERENCE / "charts", name, CATALOG.charts[name].version, "values.yaml")
    defaults = yaml.safe_load(file.read_text(encoding="utf-8"))
    for path, upstream in CATALOG.charts[name].images.items():
        default = at(defaults, path)
        if name == "gateway-helm":
            # Empty, it is that of each image; all of them are Docker Hub's.
            assert default == ""
            images = [image["image"] for image in defaults["global"]["images"].values() if image.get("image")]
            assert images
            assert all(image.startswith(f"{upstream}/") for image in images)
        elif path.split(".")[0] in (
            "grafana",
            "kube-state-metrics",
            "prometheus-node-exporter",
            "node-feature-discovery",
        ):
            assert default in (None, upstream)
        else:
            assert default == upstream, path
