"""Every alert has its runbook, in one form, and what its commands name exists on this platform."""

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

import pytest

import catalog
from components.cluster.labels import PROCESSOR_PODS
from tests.alerts.expositions import LIMITED, watched
from tests.graph.stacks import ROOT, WITH_TRIALS, entries_of

RUNBOOKS: Final = ROOT / "docs" / "runbooks"
FILES: Final = sorted(RUNBOOKS.glob("*.md"))
HEADINGS: Final = ["What it means", "Check", "Mend", "Afterwards"]
_NAMESPACES_OF_KUBERNETES: Final = {"kube-system"}
# Objects and labels that are made by others, from what this program installs.
_MADE_BY_OTHERS: Final = {
    "svc/kube-prometheus-stack-prometheus",  # the chart, by `fullnameOverride`
    "deploy/envoy-ratelimit",  # Envoy Gateway 1.9.1 internal/infrastructure/kubernetes/ratelimit/resource.go
    "secret/envoy",  # Envoy Gateway's certgen: internal/cmd/certgen.go
    "configmap/cluster-autoscaler-status",  # AKS: https://learn.microsoft.com/azure/aks/cluster-autoscaler
    "apiservice/v1beta1.external.metrics.k8s.io",  # KEDA's chart
}
# NVIDIA/gpu-operator assets/state-*/0*_daemonset.yaml v26.7.1.
_OF_THE_GPU_OPERATOR: Final = {
    "nvidia-device-plugin-daemonset", "nvidia-dcgm-exporter", "nvidia-mig-manager", "nvidia-operator-validator",
}  # fmt: skip
_LABELS_OF_OTHERS: Final = {
    "nvidia.com/mig.config": set[str](),
    "nvidia.com/mig.config.state": set[str](),
    "app": _OF_THE_GPU_OPERATOR,
    # cert-manager 1.21 and External Secrets 2.9: the charts' templates/webhook-deployment.yaml.
    "app.kubernetes.io/component": {"webhook"},
}
_CONTAINERS: Final = {
    "envoy", "ai-gateway-extproc",  # of a proxy: Envoy Gateway and Agent Router name them
    "weights", "vllm",
    "prometheus",
    "nvidia-dcgm-exporter",
}  # fmt: skip
_KINDS: Final = {
    "deploy": "Deployment", "svc": "Service", "podmonitor": "PodMonitor", "securitypolicy": "SecurityPolicy",
    "gateway": "Gateway", "externalsecret": "ExternalSecret", "secretstore": "SecretStore", "secret": "Secret",
    "configmap": "ConfigMap", "apiservice": "APIService",
}  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"[A-Z][A-Z_]*")


@cache
def everything() -> tuple[Mapping[str, Any], ...]:
    """Resources of every stack, and of two that have more."""
    return (
        *(entry for stack in WITH_TRIALS for entry in entries_of(stack)), *watched(LIMITED),
    )  # fmt: skip


@cache
def alerts() -> frozenset[str]:
    return frozenset(
        rule["alert"]
        for entry in everything()
        if entry["type"].endswith(":PrometheusRule")
        for group in entry["inputs"]["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    )


def commands(text: str) -> Iterator[list[str]]:
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            assert line.startswith("$ "), line
            yield shlex.split(line[2:], comments=True)


@cache
def labels() -> Mapping[str, set[str]]:
    """Labels by which pods, nodes and objects are selected, with their values."""
    found: dict[str, set[str]] = {key: set(values) for key, values in _LABELS_OF_OTHERS.items()}
    charts = (chart.metrics.pods for chart in catalog.load().charts.values() if chart.metrics is not None)
    for given in (*charts, PROCESSOR_PODS, *(pair for entry in everything() for pair in _selections(entry["inputs"]))):
        for label, item in given.items():
            found.setdefault(label, set()).add(str(item))
    return found


def _selections(value: Any) -> Iterator[Mapping[str, Any]]:
    """Labels, and what selects by them, anywhere in an object; expressions as one pair for each value."""
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _selections(inner)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key in {"labels", "matchLabels", "nodeSelector", "nodeLabels"} and isinstance(inner, Mapping):
                yield inner
            elif key == "matchExpressions":
                for expression in inner:
                    yield from ({expression["key"]: item} for item in expression.get("values") or [""])
            else:
                yield from _selections(inner)


@cache
def named() -> frozenset[str]:
    """Objects as `kind/name`, by kubectl's short names, and the pods of StatefulSets."""
    found = set(_MADE_BY_OTHERS)
    for entry in everything():
        name = (entry["inputs"].get("metadata") or {}).get("name")
        for short, kind in _KINDS.items():
            if name and entry["type"].rpartition(":")[2] == kind:
                found.add(f"{short}/{name}")
        if name and entry["type"].endswith(":StatefulSet"):
            found.add(f"pod/{name}-0")
        target = entry["inputs"].get("spec", {}) if entry["type"].endswith(":ExternalSecret") else {}
        if target:
            found.add(f"secret/{target['target']['name']}")
    return frozenset(found)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {file.stem for file in FILES} >= alerts()
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "observability").rglob("*.py"))
    assert [file.stem for file in FILES if f'"{file.stem}"' not in source] == []
    assert len(alerts()) >= 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_runbook_has_the_four_parts(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"# {file.stem}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])
    assert "```console" in parts[4], "what to look at are commands"
    for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert (file.parent / link).is_file(), link


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_its_commands_name_exists(file: Any) -> None:
    spaces = {entry["inputs"]["metadata"]["name"] for entry in everything() if entry["type"].endswith(":Namespace")}
    for words in commands(file.read_text(encoding="utf-8")):
        if words[0] != "kubectl":
            continue
        for option, value in pairwise(words[: words.index("|")] if "|" in words else words):
            if option == "-n" and not _PLACEHOLDER.fullmatch(value):
                assert value in spaces | _NAMESPACES_OF_KUBERNETES, words
            if option in {"-l", "-L"}:
                for part in value.split(","):
                    key, _, wanted = part.partition("=")
                    assert key in labels(), (key, words)
                    assert not wanted or _PLACEHOLDER.fullmatch(wanted) or wanted in labels()[key], words
            if option == "-c":
                assert value in _CONTAINERS, words
        for word in _objects(words):
            assert word in named(), (word, words)


def _objects(words: list[str]) -> Iterator[str]:
    """Objects that a command names, apart from placeholders: `kind name`, `kind/name`, or a pod of logs and exec."""
    verb, rest = words[1], words[2 : words.index("--") if "--" in words else len(words)]
    plain, skip = [], False
    for word in rest:
        if word == "|":
            break
        if not skip and not word.startswith("-"):
            plain.append(word)
        skip = word in {"-n", "-l", "-L", "-c", "-o", "--field-selector"}
    if verb in {"logs", "exec"}:
        pods = plain[:1]
        yield from (word if "/" in word else f"pod/{word}" for word in pods if not _placeholder(word))
    elif verb == "port-forward":
        yield plain[0]
    elif len(plain) > 1 and plain[0] in _KINDS and not _placeholder(plain[1]) and "=" not in plain[1]:
        yield f"{plain[0]}/{plain[1]}"
    elif plain and plain[0] == "pod" and len(plain) > 1 and not _placeholder(plain[1]):
        yield f"pod/{plain[1]}"


def _placeholder(word: str) -> bool:
    return _PLACEHOLDER.fullmatch(word.rpartition("/")[2]) is not None


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        ("kubectl get pods -n llm-models", "llm-models"),
        ("kubectl get pods -n llm -l llm-platform/modell=chat", "llm-platform/modell"),
        ("kubectl logs -n gpu-operator -l app=nvidia-dcgm", "nvidia-dcgm"),
        ("kubectl logs -n envoy-gateway-system deploy/envoy-ratelimits", "deploy/envoy-ratelimits"),
        ("kubectl describe securitypolicy -n llm-gateway gateway", "securitypolicy/gateway"),
    ],
)
def test_a_name_that_there_is_not_is_noticed(command: str, mistake: str, tmp_path: Any) -> None:
    file = tmp_path / "Wrong.md"
    file.write_text(f"```console\n$ {command}\n```\n")
    with pytest.raises(AssertionError, match=re.escape(mistake)):
        test_what_its_commands_name_exists(file)
