"""Models, charts, images and the facts about Azure: the figures agree with each other and with their origin."""

import ipaddress
import json
import os
import re
import uuid
from collections import Counter
from pathlib import Path

import pytest
import yaml

import catalog
from planning.memory import tensor_parallel_sizes
from simulators.helm.chart_values import reference_file

REFERENCE = Path(os.environ.get("REFERENCE_DIR", Path(catalog.__file__).parents[1] / ".." / "shared"))
CATALOG = catalog.load()
MODELS = list(CATALOG.models.values())
EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+")
# Charts whose values at the pinned version were not to be had, with the version before: docs/not-verified.md.
VALUES_OF_BEFORE = {"keda": "2.20.2", "gateway-helm": "v1.9.1"}
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference data at {REFERENCE}")


@pytest.mark.parametrize("model", [m for m in MODELS if m.attention_kind == "full"], ids=lambda model: model.id)
def test_a_token_has_keys_and_values_in_every_layer(model: catalog.ModelArchitecture) -> None:
    assert model.head_dim is not None
    assert model.kv_bytes_per_token == 2 * model.layers * model.kv_heads * model.head_dim * 2


@pytest.mark.parametrize(
    "model",
    # Models that see have an encoder beside the language model.
    [m for m in MODELS if m.attention_kind == "full" and m.intermediate and m.vocab and m.encoder is None],
    ids=lambda model: model.id,
)
def test_the_dimensions_add_up_to_the_parameters(model: catalog.ModelArchitecture) -> None:
    assert model.head_dim is not None
    assert model.intermediate is not None
    assert model.vocab is not None
    attention = 2 * model.hidden * model.heads * model.head_dim + 2 * model.hidden * model.kv_heads * model.head_dim
    layer = attention + 3 * model.hidden * model.intermediate + 2 * model.hidden
    parameters = 2 * model.vocab * model.hidden + model.layers * layer
    assert parameters / 1e9 == pytest.approx(model.params_b, abs=0.01)


@pytest.mark.parametrize("model", [m for m in MODELS if m.native_dtype == "bf16"], ids=lambda model: model.id)
def test_weights_in_bfloat16_take_two_bytes_a_parameter(model: catalog.ModelArchitecture) -> None:
    if model.weights_gib is not None:
        assert model.weights_gib == pytest.approx(model.params_b * 2e9 / 2**30, rel=0.03)


def test_the_models_of_the_example_stacks_are_complete() -> None:
    for name in (
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-32B",
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.3-70B-Instruct",
    ):
        model = CATALOG.models[name]
        assert (model.task, model.attention_kind) == ("generate", "full")
        assert None not in (
            model.weights_gib,
            model.head_dim,
            model.intermediate,
            model.vocab,
            model.kv_bytes_per_token,
        )
    embedding = CATALOG.models["Qwen/Qwen3-Embedding-8B"]
    assert (embedding.task, embedding.attention_kind) == ("embed", "full")
    assert None not in (embedding.weights_gib, embedding.head_dim, embedding.intermediate, embedding.kv_bytes_per_token)


@pytest.mark.parametrize("model", [m for m in MODELS if m.caches], ids=lambda model: model.id)
def test_the_layers_of_all_kinds_add_up_to_the_layers(model: catalog.ModelArchitecture) -> None:
    together = sum(group.layers for group in model.caches)
    # Layers of experts or of a feed-forward block alone, as Nemotron has them, keep nothing.
    alone = any(group.state is not None and group.state.kind == "mamba2" for group in model.caches)
    assert together < model.layers if alone else together == model.layers
    period = sum(group.in_a_row for group in model.caches)
    # The first layers of sparse attention always have an index.
    started = period if any(group.shares_index for group in model.caches) else 0
    for group in model.caches:
        # The last round may be cut short, as gemma's is.
        assert abs(group.layers * period - together * group.in_a_row) < (period + started) * group.in_a_row


def test_attention_kinds() -> None:
    kinds = {name: model.attention_kind for name, model in CATALOG.models.items()}
    assert kinds["openai/gpt-oss-20b"] == kinds["google/gemma-3-27b-it"] == kinds["Qwen/Qwen3.6-27B"] == "hybrid"
    assert kinds["deepseek-ai/DeepSeek-R1-0528"] == kinds["mistralai/Mistral-Small-4-119B-2603"] == "mla"
    assert kinds["meta-llama/Llama-4-Scout-17B-16E-Instruct"] == "chunked"
    assert kinds["BAAI/bge-m3"] == "none"


def test_charts_and_images_have_exact_versions() -> None:
    for chart in CATALOG.charts.values():
        assert EXACT_VERSION.fullmatch(chart.version), chart.name
        assert chart.chart.startswith("oci://") == (chart.repository is None), chart.name
        assert chart.repository is None or chart.repository.startswith("https://")
        assert (chart.crds_in is None) == (not chart.crd_groups), chart.name
    for image in CATALOG.images.values():
        # Envoy publishes an image without a shell under a tag of its own, Python one without compilers by its Debian.
        version = image.tag.removeprefix("distroless-").removesuffix("-slim-trixie")
        assert EXACT_VERSION.fullmatch(version) or _is_of_a_commit(image), image.name
    for reference, known in CATALOG.digests.items():
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+", reference), reference
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", known.digest)


def _is_of_a_commit(image: catalog.Image) -> bool:
    """The rate-limit service has no versions: its images are named by their commits."""
    return image.name == "rate-limit" and re.fullmatch(r"[0-9a-f]{8}", image.tag) is not None


def test_every_crd_group_has_one_owner() -> None:
    owners = Counter(group for chart in CATALOG.charts.values() for group in chart.crd_groups)
    assert max(owners.values()) == 1, owners
    assert {"gateway.networking.k8s.io", "gateway.envoyproxy.io"} <= set(CATALOG.charts["gateway-helm"].crd_groups)
    assert CATALOG.charts["ai-gateway-crds-helm"].crd_groups == ("aigateway.envoyproxy.io",)


@needs_reference
@pytest.mark.parametrize(
    ("chart", "file", "optional"),
    [
        ("gpu-operator", "gpu-operator", set()),
        ("gpu-operator", "dra-driver-nvidia", set()),
        # Installed only with the topology updater, which the operator leaves off.
        ("gpu-operator", "node-feature-discovery", {"topology.node.k8s.io"}),
        ("external-secrets", "external-secrets", set()),
        ("keda", "keda", set()),
        ("gateway-helm", "gateway-api", set()),
        ("gateway-helm", "envoy-gateway", set()),
        ("ai-gateway-crds-helm", "envoy-ai-gateway", set()),
        ("kube-prometheus-stack", "prometheus-operator", set()),
    ],
)
def test_a_chart_owns_the_groups_of_its_crds(chart: str, file: str, optional: set[str]) -> None:
    text = (REFERENCE / "crds" / f"{file}.yaml").read_text(encoding="utf-8")
    groups = set(re.findall(r"^  group: (\S+)$", text, re.MULTILINE))
    assert groups
    assert groups - optional <= set(CATALOG.charts[chart].crd_groups)


def test_roles_are_distinct_guids() -> None:
    assert len(set(CATALOG.azure.roles.values())) == len(CATALOG.azure.roles)
    for guid in (*CATALOG.azure.roles.values(), CATALOG.azure.aks_entra_server_id):
        assert str(uuid.UUID(guid)) == guid
    assert CATALOG.azure.roles["acr_pull"] == "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    assert CATALOG.azure.roles["network_contributor"] == "4d97b98b-1d4f-4787-a291-c67834d212e7"


def test_kubernetes_minors_end_in_order() -> None:
    minors = CATALOG.azure.kubernetes
    assert [name for name, minor in minors.items() if minor.default] == ["1.36"]
    for name, minor in minors.items():
        months = [minor.ga, minor.community_end, minor.lts_end]
        assert all(re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month) for month in months)
        assert months == sorted(months)
        assert minor.latest_patch is None or minor.latest_patch.startswith(f"{name}.")
    assert [minor.ga for minor in minors.values()] == sorted(minor.ga for minor in minors.values())


def test_node_reservation_grows_with_the_cores() -> None:
    rows = CATALOG.azure.node_reservation.cpu_millicores
    assert list(rows) == sorted(rows)
    assert list(rows.values()) == sorted(rows.values())
    assert (rows[4], rows[64]) == (140, 740)


def test_reserved_ranges_and_private_zones() -> None:
    assert {str(ipaddress.ip_network(cidr)) for cidr in CATALOG.azure.reserved_cidrs} == set(
        CATALOG.azure.reserved_cidrs
    )
    links = CATALOG.azure.private_links
    assert all(re.fullmatch(r"privatelink\.[a-z0-9.{}]+", link.zone) for link in links.values())
    assert (links["key_vault"].zone, links["key_vault"].group_id) == ("privatelink.vaultcore.azure.net", "vault")
    assert links["storage_blob"].zone == "privatelink.blob.core.windows.net"


def test_estimates_name_fields_of_the_overheads() -> None:
    assert all(hasattr(CATALOG.overheads, name) for name in CATALOG.overheads.estimates)
    assert "weights_factor" not in CATALOG.overheads.estimates


@needs_reference
def test_models_are_those_of_the_reference_table() -> None:
    rows = json.loads((REFERENCE / "facts" / "data" / "vllm_models.json").read_text(encoding="utf-8"))
    # Others follow it, with sources of their own.
    assert list(CATALOG.models)[: len(rows)] == [row["id"] for row in rows]
    same = {
        "params_b": "params_b",
        "active_b": "active_b",
        "layers": "layers",
        "hidden": "hidden",
        "heads": "heads",
        "kv_heads": "kv_heads",
        "head_dim": "head_dim",
        "native": "native_dtype",
        "max_ctx": "max_context_tokens",
        "gated": "gated",
        "weights_gib": "weights_gib",
        "kv_bytes_per_token": "kv_bytes_per_token",
        "verified": "verified",
    }
    for row in rows:
        model = CATALOG.models[row["id"]]
        assert {key: getattr(model, field) for key, field in same.items()} == {key: row[key] for key in same}
        assert tensor_parallel_sizes(model) == row["tp_ok"]


@needs_reference
def test_every_chart_version_has_reference_values() -> None:
    text = (REFERENCE / "charts" / "SOURCES.md").read_text(encoding="utf-8")
    table = {
        row[0]: row[6]
        for row in ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines())
        if len(row) == 10
    }
    for name in ("external-secrets", "keda", "gateway-helm", "ai-gateway-helm", "kube-prometheus-stack"):
        pinned = CATALOG.charts[name].version
        file = reference_file(REFERENCE / "charts", name, pinned, "values.yaml").name
        assert table[file] == VALUES_OF_BEFORE.get(name, pinned)
    # The operator is one patch ahead: v26.7.0 has a fault in its MIG manager.
    assert (
        table["gpu-operator.values.yaml"].rsplit(".", 1)[0] == CATALOG.charts["gpu-operator"].version.rsplit(".", 1)[0]
    )
    assert (
        yaml.safe_load((REFERENCE / "charts" / "keda.values.yaml").read_text(encoding="utf-8"))["crds"]["install"]
        is True
    )
