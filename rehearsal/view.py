"""What a person would look at in a cluster: nodes, pods and the latest events, as kubectl shows them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from simulators.api_server.client import ApiError, Client, Object
from simulators.kubelet.pod_states import is_ready

_EVENTS: Final = 30


def view(client: Client) -> str:
    """Nodes, pods and events of a cluster; a sentence where it does not answer."""
    try:
        parts = [_nodes(client), _pods(client), _events(client)]
    except ApiError as error:
        return f"the cluster can't be looked at: {error}"
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _nodes(client: Client) -> str:
    rows = []
    for node in client.list("v1", "Node"):
        conditions = {item["type"]: item["status"] for item in node["status"].get("conditions") or []}
        taints = [f"{taint['key']}:{taint['effect']}" for taint in node["spec"].get("taints") or []]
        devices = devices_of(node)
        state = {"True": "Ready"}.get(conditions.get("Ready", ""), "NotReady")
        rows.append((node["metadata"]["name"], state, ", ".join(devices), ", ".join(sorted(taints))))
    return _table(("NODE", "STATUS", "DEVICES", "TAINTS"), rows)


def devices_of(node: Object) -> list[str]:
    """Devices that a node offers to pods, such as `2 nvidia.com/gpu`."""
    offered = node["status"].get("allocatable") or {}
    return [f"{count} {name}" for name, count in sorted(offered.items()) if "/" in name and count != "0"]


def _pods(client: Client) -> str:
    rows = [
        (
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            is_ready(pod),
            state_of(pod),
            pod["spec"].get("nodeName"),
        )
        for pod in client.list("v1", "Pod")
    ]
    return _table(("NAMESPACE", "POD", "READY", "STATUS", "NODE"), rows)


def state_of(pod: Object) -> str:
    """What a pod does, or what it waits for."""
    status = pod["status"]
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for container in status.get("containerStatuses") or []:
        if waiting := container["state"].get("waiting"):
            return f"{waiting['reason']}: {waiting['message']}"
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{status['phase']}: {condition.get('message', '')}"
    return status["phase"]


def _events(client: Client) -> str:
    events = client.list("v1", "Event")
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    rows = [
        (
            event["type"],
            event["reason"],
            f"{event['involvedObject']['kind']}/{event['involvedObject']['name']}",
            event["message"],
        )
        for event in events[-_EVENTS:]
    ]
    return _table(("TYPE", "REASON", "OBJECT", "MESSAGE"), rows)
