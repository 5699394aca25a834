"""Every pair of neighbours on a request's way, as the objects of every stack and example say it themselves."""

from typing import Any

import pytest

from planning.rules.request_path import pairs
from tests.graph.request_path import (
    arguments,
    deployments,
    environment,
    models,
    objects,
    only,
    plan_of,
    pods,
    policies,
    request,
    seconds,
)
from tests.graph.stacks import ALL, entries_of, graph_of, is_kubernetes, sections_of

each_stack = pytest.mark.parametrize("stack", ALL)
_AZURE_IDLE = "service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout"
# Azure's load balancer, unless the annotation above says more.
_DEFAULT_IDLE_SECONDS = 240


@each_stack
def test_every_pair_of_the_table_is_in_order(stack: str) -> None:
    assert [pair for pair in pairs(plan_of(stack).request_path) if not pair.holds] == []


@each_stack
def test_slices_of_the_plan_hold_the_figures_of_the_one_table(stack: str) -> None:
    plan = plan_of(stack)
    path = plan.request_path
    assert tuple(model.path for model in plan.models) == path.models
    assert [model.model for model in path.models] == [model.name for model in plan.models]
    assert (plan.gateway.listener, plan.gateway.proxy) == (path.listener, path.proxy)
    azure = plan.foundation
    assert azure.cluster.scale_down_seconds == path.nodes.scale_down_seconds
    assert azure.cluster.first_pool.drain_minutes == path.nodes.system_drain_minutes
    assert azure.system_pool.drain_minutes == path.nodes.system_drain_minutes
    for pool in azure.agent_pools:
        assert pool.drain_minutes is None or pool.drain_minutes <= path.nodes.longest_drain_minutes


@each_stack
def test_a_name_resolves_to_every_ready_pod(stack: str) -> None:
    services, backends = objects(stack, "Service"), objects(stack, "Backend")
    for model in models(stack):
        ((endpoint),) = backends[model.name]["spec"]["endpoints"]
        service = services[endpoint["fqdn"]["hostname"].removesuffix(f".{model.namespace}.svc.cluster.local")]
        assert service["spec"]["clusterIP"] == "None"
        assert not service["spec"].get("publishNotReadyAddresses")
        assert service["spec"]["selector"] == {"llm-platform/model": model.name}
        assert [port["port"] for port in service["spec"]["ports"]] == [endpoint["fqdn"]["port"]]
        # Not the name of a Service that earlier versions had: an address can't be taken from it in place.
        assert service["metadata"]["name"] != model.name


@each_stack
def test_every_route_has_its_policy_and_the_policy_comes_first(stack: str) -> None:
    assert policies(stack).keys() == objects(stack, "AIGatewayRoute").keys()
    for name, policy in policies(stack).items():
        assert policy["spec"]["targetRefs"] == [
            {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}
        ]
        assert policy["metadata"]["namespace"] == objects(stack, "AIGatewayRoute")[name]["metadata"]["namespace"]
    by_kind = {entry["urn"]: entry["inputs"].get("kind") for entry in entries_of(stack) if is_kubernetes(entry)}
    for entry in entries_of(stack):
        if is_kubernetes(entry) and entry["inputs"].get("kind") == "AIGatewayRoute":
            assert "BackendTrafficPolicy" in {by_kind.get(urn) for urn in entry["options"]["depends_on"]}


@each_stack
def test_a_request_is_sent_again_only_before_its_answer_and_never_for_an_answer(stack: str) -> None:
    elsewhere = {model["name"] for model in sections_of(stack)["models"] if "fallback" in model}
    for policy in policies(stack).values():
        retry = policy["spec"]["retry"]
        # `reset-before-request` covers only what was not sent yet, and would retry nothing.
        triggers = ["connect-failure", "reset", "refused-stream"]
        if policy["metadata"]["name"] in elsewhere:
            # To the managed model, once, for its answers that say that ours can't.
            assert retry["retryOn"] == {
                "triggers": [*triggers, "retriable-status-codes"],
                "httpStatusCodes": [500, 502, 503, 504],
            }
            assert (retry["numRetries"], retry["numAttemptsPerPriority"]) == (1, 1)
        else:
            assert retry["retryOn"] == {"triggers": triggers}
            assert retry["numRetries"] == 2
        passive = policy["spec"]["healthCheck"]["passive"]
        assert passive["splitExternalLocalOriginErrors"]
        assert passive["consecutive5XxErrors"] == passive["consecutiveGatewayErrors"] == 0
        assert passive["maxEjectionPercent"] <= 50
        assert policy["spec"]["loadBalancer"] == {"type": "LeastRequest"}


@each_stack
def test_no_request_waits_unseen_in_a_proxy(stack: str) -> None:
    """HTTP/1.1: each request has a connection of its own, and there are enough for all that the pods can run."""
    for model in models(stack):
        breaker = policies(stack)[model.name]["spec"]["circuitBreaker"]
        most = breaker["maxParallelRequests"]
        assert breaker["maxConnections"] >= most
        assert breaker["maxPendingRequests"] >= most
        (at_once,) = {
            arguments(stack, pod)["max-num-seqs"]
            for name, item in objects(stack, "Deployment").items()
            for pod in [item["spec"]["template"]["spec"]]
            if name in {workload.name for workload in model.workloads}
        }
        assert most >= 2 * model.max_replicas * at_once
        assert most >= 1024


@each_stack
def test_the_server_keeps_connections_longer_than_the_proxy(stack: str) -> None:
    (idle,) = {
        seconds(policy["spec"]["timeout"]["http"]["connectionIdleTimeout"]) for policy in policies(stack).values()
    }
    for pod in pods(stack):
        assert int(environment(pod)["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"]) >= idle + 10


@each_stack
def test_silence_is_shorter_than_every_load_balancer_bears(stack: str) -> None:
    clients = only(stack, "ClientTrafficPolicy")
    sides = [clients, *(policy["spec"] for policy in policies(stack).values())]
    for side in sides:
        keepalive = side["tcpKeepalive"]
        lost = seconds(keepalive["idleTime"]) + seconds(keepalive["interval"]) * keepalive["probes"]
        assert lost < _DEFAULT_IDLE_SECONDS
    annotations = only(stack, "EnvoyProxy")["provider"]["kubernetes"]["envoyService"]["annotations"]
    balancer = int(annotations[_AZURE_IDLE]) * 60
    assert 240 <= balancer <= 1800
    assert seconds(clients["timeout"]["http"]["idleTimeout"]) < balancer
    for pod in pods(stack):
        assert 0 < arguments(stack, pod)["sse-keep-alive-interval"] < 60


@each_stack
def test_a_request_may_wait_for_as_long_as_it_may_take(stack: str) -> None:
    clients = only(stack, "ClientTrafficPolicy")["timeout"]["http"]
    for model in models(stack):
        for rule in objects(stack, "AIGatewayRoute")[model.name]["spec"]["rules"]:
            longest = seconds(rule["timeouts"]["request"])
            assert longest == sections_of(stack)["gateway"].get("request_timeout_seconds", 600)
            assert seconds(rule["streamIdleTimeout"]) >= longest
            assert seconds(clients["streamIdleTimeout"]) >= longest


@each_stack
def test_no_slow_client_holds_a_connection_for_ever(stack: str) -> None:
    clients = only(stack, "ClientTrafficPolicy")
    timeout = clients["timeout"]
    body = int(clients["connection"]["bufferLimit"].removesuffix("Mi")) * 1024 * 1024
    # A client of 7 Mbit/s sends the largest body in time.
    longest = max(60, body * 8 / 7_000_000)
    opening = [seconds(timeout["tcp"][name]) for name in ("connectionInspectionTimeout", "tlsHandshakeTimeout")]
    headers = seconds(timeout["http"]["requestHeadersReceivedTimeout"])
    received = seconds(timeout["http"]["requestReceivedTimeout"])
    assert max(*opening, headers) < longest <= received < longest + 1
    assert seconds(timeout["http"]["idleTimeout"]) <= 300


@each_stack
def test_every_pod_finishes_what_it_has_begun(stack: str) -> None:
    """Pause, drain, grace, and everything that takes a node away: the longest request fits into each."""
    for model in models(stack):
        for workload in model.workloads:
            pod = objects(stack, "Deployment")[workload.name]["spec"]["template"]["spec"]
            pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            drain, grace = arguments(stack, pod)["shutdown-timeout"], pod["terminationGracePeriodSeconds"]
            # Kubernetes' own resolver answers with the addresses of pods that are gone for up to 30 seconds.
            assert pause >= 30 + seconds(policies(stack)[model.name]["spec"]["dns"]["dnsRefreshRate"])
            assert drain >= request(stack, model.name)
            assert grace >= pause + drain + 15
            for limit in node_limits(stack, workload.pool):
                assert grace <= limit


@each_stack
def test_a_rollout_waits_for_the_pod_that_makes_room(stack: str) -> None:
    """Without room for a surge pod the next one is Pending until the last request of the one before has ended."""
    for item in deployments(stack):
        pod = item["spec"]["template"]["spec"]
        start = pod["containers"][0]["startupProbe"]
        budget = start["failureThreshold"] * start["periodSeconds"]
        # A node is provisioned, and pulls the image, in half an hour.
        deadline = pod["terminationGracePeriodSeconds"] + budget + 1800
        assert item["spec"]["progressDeadlineSeconds"] >= deadline


def node_limits(stack: str, pool: str) -> list[float]:
    """Seconds that the autoscaler, and AKS in an upgrade, give the pods of a pool's nodes."""
    (cluster,) = [entry["inputs"] for entry in entries_of(stack) if entry["type"].endswith(":ManagedCluster")]
    limits = [float(cluster["autoScalerProfile"]["maxGracefulTerminationSec"])]
    for entry in entries_of(stack):
        if entry["type"].endswith(":AgentPool") and entry["inputs"]["nodeLabels"].get("llm-platform/pool") == pool:
            settings = entry["inputs"].get("upgradeSettings") or {}
            limits += [settings["drainTimeoutInMinutes"] * 60] if "drainTimeoutInMinutes" in settings else []
    return limits


@each_stack
def test_every_proxy_finishes_what_it_has_begun(stack: str) -> None:
    plan, shutdown = plan_of(stack), only(stack, "EnvoyProxy")["shutdown"]
    drain = seconds(shutdown["drainTimeout"])
    body = seconds(only(stack, "ClientTrafficPolicy")["timeout"]["http"]["requestReceivedTimeout"])
    assert drain >= max(request(stack, model.name) for model in models(stack)) + body
    # Azure's probe fails twice, five seconds apart, before new connections go elsewhere.
    assert seconds(shutdown["minDrainDuration"]) > 10
    nodes = plan.request_path.nodes
    # Envoy Gateway adds five minutes for the grace period of the pod.
    assert drain + 300 <= min(nodes.system_drain_minutes * 60, nodes.scale_down_seconds)


@each_stack
def test_liveness_is_about_the_engine_and_more_patient_than_readiness(stack: str) -> None:
    longest = max(request(stack, model.name) for model in models(stack))
    for pod in pods(stack):
        (container,) = pod["containers"]
        ready, alive = container["readinessProbe"], container["livenessProbe"]
        assert ready["httpGet"]["path"] == "/health"
        assert "httpGet" not in alive
        script = alive["exec"]["command"][-1]
        assert "vllm:num_requests_running" in script
        assert "vllm:generation_tokens_total" in script
        assert alive["failureThreshold"] >= 10
        patience = alive["failureThreshold"] * alive["periodSeconds"]
        assert patience > 3 * ready["failureThreshold"] * ready["periodSeconds"]
        # No answer that somebody still waits for is lost by a restart.
        assert patience >= longest
        # A restart does not wait for the drain of an engine that stands still.
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pause < alive["terminationGracePeriodSeconds"] < pod["terminationGracePeriodSeconds"]


def test_a_longer_request_moves_every_neighbour() -> None:
    """Two hours: the drain, the grace, the nodes and the probe follow."""
    graph = graph_of("dev", lambda sections: sections["gateway"].update(request_timeout_seconds=7200)).to_json()
    inputs: list[Any] = [entry["inputs"] for entry in graph if isinstance(entry["inputs"], dict)]
    (cluster,) = [item for item in inputs if "autoScalerProfile" in item]
    deployments = [item for item in inputs if item.get("kind") == "Deployment"]
    assert deployments
    for item in deployments:
        pod = item["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] > 7200
        assert float(cluster["autoScalerProfile"]["maxGracefulTerminationSec"]) >= pod["terminationGracePeriodSeconds"]
        alive = pod["containers"][0]["livenessProbe"]
        assert alive["failureThreshold"] * alive["periodSeconds"] >= 7200
    pools = [item for item in inputs if "agentPoolName" in item]
    assert {pool["mode"] for pool in pools} == {"System", "User"}
    for pool in [*pools, *cluster["agentPoolProfiles"]]:
        # On system nodes proxies drain, and have five minutes more to end.
        assert pool["upgradeSettings"]["drainTimeoutInMinutes"] * 60 >= 7200 + 60 + 300
