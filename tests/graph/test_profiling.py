"""A replica that can be profiled: a folder of limited size, and endpoints that clients and other pods don't reach."""

import re
from typing import Any

from planning.plan.endpoint import TRACES_FOLDER
from tests.graph.stacks import entries_of, graph_of

Entries = list[dict[str, Any]]


def _on(sections: dict[str, Any]) -> None:
    sections["models"][0]["profiling"] = True


def _pod(entries: Any, model: str) -> Any:
    (found,) = (
        entry["inputs"]["spec"]["template"]["spec"]
        for entry in entries
        if entry["type"] == "kubernetes:apps/v1:Deployment" and entry["inputs"]["metadata"]["name"] == model
    )
    return found


def _of(entries: Any, *kinds: str) -> list[Any]:
    return [entry["inputs"] for entry in entries if entry["type"].endswith(kinds)]


def test_the_folder_of_traces_has_a_limit_that_the_pod_requests() -> None:
    before, after = _pod(entries_of("dev"), "chat"), _pod(graph_of("dev", _on).to_json(), "chat")
    (volume,) = (each for each in after["volumes"] if each not in before["volumes"] and "configMap" not in each)
    assert volume == {"name": "traces", "emptyDir": {"sizeLimit": "4Gi"}}
    (mount,) = (
        each for each in after["containers"][0]["volumeMounts"] if each not in before["containers"][0]["volumeMounts"]
    )
    assert mount == {"name": "traces", "mountPath": TRACES_FOLDER}
    stored = [
        int(pod["containers"][0]["resources"]["requests"]["ephemeral-storage"].removesuffix("Gi"))
        for pod in (before, after)
    ]
    assert stored[1] == stored[0] + 4


def test_nothing_else_of_the_stack_changes() -> None:
    """No route, no port, no policy: whoever could not reach the pod before can't now."""
    kinds = ("NetworkPolicy", "CiliumNetworkPolicy", "Service", "HTTPRoute", "AIGatewayRoute", "EnvoyExtensionPolicy",
             "SecurityPolicy", "ClientTrafficPolicy", "BackendTrafficPolicy")  # fmt: skip
    before, after = (_of(entries, *kinds) for entries in (entries_of("dev"), graph_of("dev", _on).to_json()))
    assert before == after


def test_the_gateway_lets_no_request_through_to_the_profiler() -> None:
    (policy,) = _of(graph_of("dev", _on).to_json(), ":SecurityPolicy")
    assert policy["spec"]["authorization"]["defaultAction"] == "Deny"
    (path,) = [rule["operation"]["path"] for rule in policy["spec"]["authorization"]["rules"]]
    assert re.fullmatch(path["value"], "/v1/chat/completions")
    for closed in ("/start_profile", "/stop_profile", "/v1/start_profile", "/v1/models/../../start_profile"):
        assert not re.fullmatch(path["value"], closed), closed


def test_pods_of_models_take_requests_from_the_gateway_and_prometheus_alone() -> None:
    policies = _of(graph_of("dev", _on).to_json(), "NetworkPolicy")
    (own,) = (
        each for each in policies
        if each["metadata"]["namespace"] == "llm" and each["spec"]["podSelector"].get("matchLabels", {}).get(
            "llm-platform/model") == "chat" and "Ingress" in each["spec"]["policyTypes"]
    )  # fmt: skip
    callers = [str(sorted(peer)) for rule in own["spec"]["ingress"] for peer in rule["from"]]
    assert callers
    assert all("podSelector" in caller for caller in callers)
    denied = [each for each in policies if each["metadata"]["namespace"] == "llm" and each["spec"]["podSelector"] == {}]
    assert denied
