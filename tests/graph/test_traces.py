"""Traces: who sends spans where, that nothing else passes, and that nobody's prompts are in them by default."""

import json
from functools import cache
from typing import Any, Final

import pytest

from components.cluster.labels import proxies_of
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_kubernetes, sections_of

_SPACE: Final = "llm-telemetry"
_OUTSIDE: Final = {"backend": "otlp", "endpoint": "https://traces.acme.example", "authorization_secret": "trace-key"}
_COLLECTOR: Final = {"app.kubernetes.io/name": "trace-collector"}


def _with(backend: str = "tempo", **more: Any) -> Any:
    def change(sections: Sections) -> None:
        sections.setdefault("observability", {})["traces"] = {"backend": backend, **more}

    return change


@cache
def _tempo() -> tuple[Entry, ...]:
    return tuple(graph_of("dev", _with()).to_json())


@cache
def _elsewhere() -> tuple[Entry, ...]:
    return tuple(graph_of("dev", _with(**_OUTSIDE)).to_json())


@cache
def _elsewhere_by_name() -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        _with(**_OUTSIDE)(sections)
        sections.setdefault("network", {})["egress"] = "fqdn"

    return tuple(graph_of("dev", change).to_json())


def _objects(entries: tuple[Entry, ...], kind: str, namespace: str) -> dict[str, Any]:
    return {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]
        for entry in entries
        if is_kubernetes(entry)
        and entry["type"].endswith(f":{kind}")
        and entry["inputs"]["metadata"].get("namespace") == namespace
    }


def _peers(rule: Any, side: str) -> list[Any]:
    return [
        (
            peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name"),
            peer.get("podSelector", {}).get("matchLabels"),
        )
        for peer in rule[side]
    ]


@pytest.mark.parametrize("stack", ALL)
def test_without_traces_nothing_of_them_is_there(stack: str) -> None:
    if "traces" not in sections_of(stack).get("observability", {}):
        shown = [entry for entry in entries_of(stack) if "OTEL_" in str(entry) or "traceparent" in str(entry)]
        assert [entry["name"] for entry in shown if entry["type"].startswith("kubernetes:")] == []
        assert not _objects(entries_of(stack), "Deployment", _SPACE)


def test_all_who_send_name_the_same_collector_and_keep_every_span() -> None:
    entries = _tempo()
    host = "trace-collector.llm-telemetry.svc.cluster.local"
    [service] = [name for name in _objects(entries, "Service", _SPACE) if name == "trace-collector"]
    assert host.startswith(f"{service}.{_SPACE}.")
    [proxy] = [entry["inputs"]["spec"] for entry in entries if entry["inputs"].get("kind") == "EnvoyProxy"]
    tracing = proxy["telemetry"]["tracing"]
    assert tracing["samplingFraction"] == {"numerator": 100, "denominator": 100}
    [reference] = tracing["provider"]["backendRefs"]
    backend = _objects(entries, "Backend", "llm-gateway")[reference["name"]]
    assert backend["spec"]["endpoints"] == [{"fqdn": {"hostname": host, "port": 4317}}]
    [config] = [entry["inputs"]["spec"] for entry in entries if entry["inputs"].get("kind") == "GatewayConfig"]
    processor = {item["name"]: item["value"] for item in config["extProc"]["kubernetes"]["env"]}
    assert processor["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == f"http://{host}:4317"
    assert processor["AI_GATEWAY_TRACING_SEMCONV"] == "gen_ai"
    for name, model in _objects(entries, "Deployment", "llm").items():
        [container] = model["spec"]["template"]["spec"]["containers"]
        variables = {item["name"]: item.get("value") for item in container["env"]}
        assert variables["OTEL_SERVICE_NAME"] == f"vllm-{name.rpartition('-')[0]}" or variables["OTEL_SERVICE_NAME"]
        for found in (processor, variables):
            assert (found["OTEL_TRACES_SAMPLER"], found["OTEL_TRACES_SAMPLER_ARG"]) == (
                "parentbased_traceidratio",
                "1.0",
            )
    arguments = [
        text
        for config_map in _objects(entries, "ConfigMap", "llm").values()
        for text in config_map["data"].values()
        if "served-model-name" in text
    ]
    assert arguments
    assert all(f'otlp-traces-endpoint: "http://{host}:4317"' in text for text in arguments)


def test_message_capture_is_off_unless_a_tenant_and_the_stack_have_agreed() -> None:
    def capture(entries: tuple[Entry, ...]) -> str:
        [config] = [entry["inputs"]["spec"] for entry in entries if entry["inputs"].get("kind") == "GatewayConfig"]
        variables = {item["name"]: item["value"] for item in config["extProc"]["kubernetes"]["env"]}
        return variables["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"]

    def agreed(sections: Sections) -> None:
        _with(capture_prompts=True)(sections)
        sections["tenants"][0]["record_prompts"] = True

    def alone(sections: Sections) -> None:
        _with()(sections)
        sections["tenants"][0]["record_prompts"] = True

    assert capture(_tempo()) == "false"
    assert capture(tuple(graph_of("dev", _with(capture_prompts=True)).to_json())) == "false"
    assert capture(tuple(graph_of("dev", alone).to_json())) == "false"
    assert capture(tuple(graph_of("dev", agreed).to_json())) == "true"


def test_only_gateway_and_models_reach_the_collector_and_it_reaches_the_store_alone() -> None:
    policies = _objects(_tempo(), "NetworkPolicy", _SPACE)
    assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    collector = policies["trace-collector"]["spec"]
    spans, metrics = collector["ingress"]
    assert [port["port"] for port in spans["ports"]] == [4317]
    assert _peers(spans, "from") == [("envoy-gateway-system", proxies_of("llm", "llm-gateway")), ("llm", None)]
    assert spans["from"][1]["podSelector"] == {
        "matchExpressions": [{"key": "llm-platform/model", "operator": "Exists"}]
    }
    assert [port["port"] for port in metrics["ports"]] == [8888]
    names, onward = collector["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert _peers(onward, "to") == [(_SPACE, {"app.kubernetes.io/name": "trace-store"})]
    store = policies["trace-store"]["spec"]
    grafana = ("monitoring", {"app.kubernetes.io/name": "grafana"})
    assert [_peers(rule, "from") for rule in store["ingress"]] == [[(_SPACE, _COLLECTOR)], [grafana]]
    assert [[port["port"] for port in rule["ports"]] for rule in store["ingress"]] == [[4317], [3200]]
    assert store.get("egress") is None


@pytest.mark.parametrize(("backend", "port"), [("tempo", 3200), ("jaeger", 16686)])
def test_grafana_reads_traces(backend: str, port: int) -> None:
    entries = tuple(graph_of("dev", _with(backend)).to_json())
    [found] = [
        item
        for item in _objects(entries, "ConfigMap", "monitoring").values()
        if item["metadata"]["labels"].get("grafana_datasource") == "1"
    ]
    [source] = json.loads(found["data"]["trace-store.yaml"])["datasources"]
    assert (source["type"], source["url"]) == (backend, f"http://trace-store.llm-telemetry.svc.cluster.local:{port}")
    way = _objects(entries, "NetworkPolicy", "monitoring")["grafana-traces"]["spec"]
    assert way["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "grafana"}}
    [egress] = way["egress"]
    assert _peers(egress, "to") == [(_SPACE, {"app.kubernetes.io/name": "trace-store"})]
    assert [item["port"] for item in egress["ports"]] == [port]


def test_gateway_and_models_may_send_there() -> None:
    proxies = _objects(_tempo(), "NetworkPolicy", "envoy-gateway-system")["traces"]["spec"]
    assert proxies["podSelector"]["matchLabels"] == proxies_of("llm", "llm-gateway")
    assert [_peers(rule, "to") for rule in proxies["egress"]] == [[(_SPACE, _COLLECTOR)]]
    models = {
        name: policy
        for name, policy in _objects(_tempo(), "NetworkPolicy", "llm").items()
        if "llm-platform/model" in policy["spec"]["podSelector"].get("matchLabels", {})
    }
    assert models
    for policy in models.values():
        assert (_SPACE, _COLLECTOR) in [peer for rule in policy["spec"]["egress"] for peer in _peers(rule, "to")]


def test_models_that_may_look_up_few_names_may_look_up_the_collector() -> None:
    named = _objects(_elsewhere_by_name(), "CiliumNetworkPolicy", "llm")
    assert named
    for policy in named.values():
        looked_up = [
            name
            for rule in policy["spec"]["egress"]
            for port in rule["toPorts"]
            for name in port.get("rules", {}).get("dns", [])
        ]
        assert {"matchName": "trace-collector.llm-telemetry.svc.cluster.local"} in looked_up


def test_a_server_elsewhere_is_reached_by_https_with_a_key_from_the_vault() -> None:
    entries = _elsewhere()
    [template] = [item["spec"]["template"]["spec"] for item in _objects(entries, "Deployment", _SPACE).values()]
    [container] = template["containers"]
    key = next(item for item in container["env"] if item["name"] == "BACKEND_AUTHORIZATION")
    assert key["valueFrom"]["secretKeyRef"] == {"name": "trace-backend", "key": "authorization"}
    secret = _objects(entries, "ExternalSecret", _SPACE)["trace-backend"]["spec"]
    assert [item["remoteRef"]["key"] for item in secret["data"]] == ["trace-key"]
    [egress] = _objects(entries, "NetworkPolicy", _SPACE)["trace-collector"]["spec"]["egress"][1:]
    assert egress["ports"] == [{"protocol": "TCP", "port": 443}]
    assert egress["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["168.63.129.16/32", "169.254.0.0/16"]}}]
    assert not _objects(entries, "StatefulSet", _SPACE)


def test_where_policies_name_hosts_the_server_s_is_the_only_one() -> None:
    entries = _elsewhere_by_name()
    [named] = _objects(entries, "CiliumNetworkPolicy", _SPACE).values()
    assert named["spec"]["endpointSelector"] == {"matchLabels": {"k8s:app.kubernetes.io/name": "trace-collector"}}
    assert [rule["toFQDNs"] for rule in named["spec"]["egress"] if "toFQDNs" in rule] == [
        [{"matchName": "traces.acme.example"}]
    ]
    assert len(_objects(entries, "NetworkPolicy", _SPACE)["trace-collector"]["spec"]["egress"]) == 1


def test_two_collectors_stay_while_one_goes_and_a_store_s_disk_stays() -> None:
    collector = _objects(_tempo(), "Deployment", _SPACE)["trace-collector"]["spec"]
    store = _objects(_tempo(), "StatefulSet", _SPACE)["trace-store"]["spec"]
    assert collector["replicas"] == 2
    assert collector["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert _objects(_tempo(), "PodDisruptionBudget", _SPACE)["trace-collector"]["spec"]["maxUnavailable"] == 1
    assert store["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    for pods in (collector, store):
        spec = pods["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]


def test_jaeger_has_no_disk() -> None:
    entries = tuple(graph_of("dev", _with("jaeger")).to_json())
    [store] = _objects(entries, "StatefulSet", _SPACE).values()
    assert "volumeClaimTemplates" not in store["spec"]
    assert "/jaeger:" in store["spec"]["template"]["spec"]["containers"][0]["image"]


def test_only_images_that_run_may_run() -> None:
    def allowed(entries: tuple[Entry, ...]) -> str:
        return str([entry["inputs"] for entry in entries if "images" in entry["name"]])

    assert "grafana/tempo" in allowed(_tempo())
    assert "jaegertracing" not in allowed(_tempo())
    assert "opentelemetry-collector" not in allowed(entries_of("dev"))
