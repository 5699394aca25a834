"""The control plane of the tests is a real one, and its kubelets simulate what nodes do."""

import socket
import subprocess
from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane, control_plane
from rehearsal.processes import GuardedProcess
from simulators.api_server.client import ApiError
from simulators.api_server.waiting import eventually
from simulators.kubelet.kubelet import Kubelets
from tests.cluster.shown import shown
from tests.cluster.workloads import SLICE, add_node, deployment, pod, pod_spec, ready_on

pytestmark = pytest.mark.cluster


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def started_from(directory: Path) -> list[str]:
    """Command lines of running programs that name a folder."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(directory) in line:
            lines.append(line)
    return lines


def test_the_control_plane_is_ready_in_seconds_and_leaves_nothing_behind(
    tmp_path: Path, control_plane_binaries: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    del control_plane_binaries
    with control_plane(tmp_path) as plane:
        with capsys.disabled():
            print(f"[control plane ready after {plane.ready_after_seconds:.1f} s] ", end="")  # noqa: T201 - measured
        assert listens(plane.port)
        assert len(started_from(tmp_path)) >= 4
        port = plane.port
    assert started_from(tmp_path) == []
    assert not listens(port)


def test_a_failing_test_leaves_nothing_running_either(tmp_path: Path, control_plane_binaries: dict[str, Path]) -> None:
    del control_plane_binaries
    with pytest.raises(KeyError), control_plane(tmp_path):
        raise KeyError
    assert started_from(tmp_path) == []


def test_a_program_ends_when_its_test_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from rehearsal.processes import GuardedProcess\n"
        f"GuardedProcess(['sleep', '987654'], Path({str(tmp_path)!r}) / 'log'); print('begun', flush=True)\n"
        "time.sleep(60)"
    )
    repository = Path(__file__).parents[2]
    parent = subprocess.Popen(["python3", "-c", script], stdout=subprocess.PIPE, cwd=repository, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "begun\n"
    eventually(lambda: any("sleep 987654" in line for line in running_programs()), "the program begins")
    parent.kill()
    parent.wait()
    eventually(lambda: not any("sleep 987654" in line for line in running_programs()), "the program ends")


def running_programs() -> list[str]:
    return started_from(Path("sleep"))


def test_a_program_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    process = GuardedProcess(["sh", "-c", "echo why; exit 3"], tmp_path / "log")
    eventually(lambda: not process.is_running, "the program ends")
    assert process.tail() == "why"


def test_a_pod_is_scheduled_and_gets_ready(cluster: ControlPlane, kubelets: Kubelets) -> None:
    del kubelets
    add_node(cluster.client, "n1", {SLICE: "2"})
    cluster.client.create(pod("p", pod_spec({SLICE: "1"}), app="p"))
    eventually(lambda: ready_on(cluster.client, app="p") == ["n1"], "the pod gets ready")


def test_a_pod_that_asks_for_a_device_tolerates_its_taint(cluster: ControlPlane) -> None:
    spec = pod_spec({SLICE: "1"})
    del spec["tolerations"]
    created = cluster.client.create(pod("p", spec))
    assert {"key": SLICE, "operator": "Exists", "effect": "NoSchedule"} in created["spec"]["tolerations"]


def test_the_pods_of_a_lost_node_move(cluster: ControlPlane, kubelets: Kubelets) -> None:
    client = cluster.client
    for name in ("n1", "n2", "n3"):
        add_node(client, name)
    client.create(deployment("d", pod_spec(), replicas=2))
    eventually(lambda: len(ready_on(client, app="d")) == 2, "both pods get ready")
    lost = ready_on(client, app="d")[0]
    kubelets.lose(lost)
    eventually(
        lambda: len(nodes := ready_on(client, app="d")) == 2 and lost not in nodes,
        "the pods run elsewhere",
        timeout_seconds=60,
    )
    taints = client.get("v1", "Node", lost)["spec"]["taints"]
    assert {"node.kubernetes.io/unreachable"} == {taint["key"] for taint in taints}


def test_a_pod_waits_for_what_it_refers_to(cluster: ControlPlane, kubelets: Kubelets) -> None:
    del kubelets
    client = cluster.client
    add_node(client, "n1")
    spec = pod_spec(volumes=[{"name": "arguments", "configMap": {"name": "arguments"}}])
    client.create(pod("p", spec, app="p"))

    def reason() -> str:
        states = client.get("v1", "Pod", "p", "default")["status"].get("containerStatuses") or [{"state": {}}]
        return (states[0]["state"].get("waiting") or {}).get("message", "")

    eventually(lambda: reason() == 'configmap "arguments" not found', "the kubelet says what is missing")
    metadata = {"name": "arguments", "namespace": "default"}
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    eventually(lambda: ready_on(client, app="p") == ["n1"], "the pod gets ready")


def test_pods_fail_recover_and_use_their_grace_period(cluster: ControlPlane, kubelets: Kubelets) -> None:
    client = cluster.client
    add_node(client, "n1")
    kubelets.fail(app="p", reason="OOMKilled", exit_code=137)
    client.create(pod("p", pod_spec(terminationGracePeriodSeconds=2), app="p"))

    def status() -> dict[str, object]:
        states = client.get("v1", "Pod", "p", "default")["status"].get("containerStatuses") or [{}]
        return states[0]

    eventually(lambda: (status().get("lastState") or {}) != {}, "the pod crashes")
    assert ready_on(client, app="p") == []
    kubelets.heal()
    eventually(lambda: ready_on(client, app="p") == ["n1"], "the pod gets ready")
    kubelets.grace_fraction = 1.0
    client.delete("v1", "Pod", "p", "default")
    assert client.get("v1", "Pod", "p", "default")["metadata"]["deletionTimestamp"]
    client.wait("v1", "Pod", "p", "default", until=lambda seen: seen is None)


def test_a_job_completes(cluster: ControlPlane, kubelets: Kubelets) -> None:
    del kubelets
    client = cluster.client
    add_node(client, "n1")
    template = {"spec": pod_spec(restartPolicy="Never")}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "default"}}
    client.create({**job, "spec": {"template": template}})
    client.wait("batch/v1", "Job", "j", "default", until=lambda seen: seen and seen["status"].get("succeeded") == 1)


def test_an_api_server_that_died_comes_back_with_its_objects(cluster: ControlPlane, kubelets: Kubelets) -> None:
    client = cluster.client
    add_node(client, "n1")
    client.create(deployment("d", pod_spec(), replicas=1))
    cluster.stop_api_server()
    with pytest.raises(ApiError, match="does not answer"):
        client.list("v1", "Node")
    cluster.start_api_server()
    eventually(lambda: ready_on(client, app="d") == ["n1"], "the pod gets ready", timeout_seconds=60)
    del kubelets


def test_a_wiped_control_plane_is_empty(cluster: ControlPlane) -> None:
    add_node(cluster.client, "n1")
    cluster.wipe()
    assert cluster.client.list("v1", "Node") == []


# The default rolling update needs a third slice before it frees one; the planner chooses max unavailable instead.


def rolled_out(cluster: ControlPlane, strategy: dict[str, object] | None) -> None:
    """Two replicas on a node with two slices, then another image."""
    client = cluster.client
    add_node(client, "n1", {SLICE: "2"})
    more = {} if strategy is None else {"strategy": strategy}
    client.create(deployment("d", pod_spec({SLICE: "1"}), replicas=2, **more))
    eventually(lambda: ready_on(client, app="d") == ["n1", "n1"], "both replicas get ready")
    image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.invalid/main:2"}]
    client.patch("apps/v1", "Deployment", "d", image, namespace="default", patch="json")


def images(cluster: ControlPlane) -> list[tuple[str, str]]:
    """Image tag and phase of every pod, sorted."""
    pods = cluster.client.list("v1", "Pod", "default")
    return sorted((item["spec"]["containers"][0]["image"][-1], item["status"]["phase"]) for item in pods)


def test_the_default_rolling_update_deadlocks_without_a_spare_slice(cluster: ControlPlane, kubelets: Kubelets) -> None:
    del kubelets
    rolled_out(cluster, None)
    stuck = [("1", "Running"), ("1", "Running"), ("2", "Pending")]
    eventually(lambda: images(cluster) == stuck, "the new pod is pending")
    pending = next(item for item in cluster.client.list("v1", "Pod", "default") if item["status"]["phase"] == "Pending")
    eventually(
        lambda: "Insufficient nvidia.com/mig-3g.47gb" in pending_reason(cluster, pending["metadata"]["name"]),
        "the scheduler says why",
    )
    # That it never moves on can't be seen; that nothing could move it can: no pod is about to end.
    assert not any(item["metadata"].get("deletionTimestamp") for item in cluster.client.list("v1", "Pod", "default"))
    assert images(cluster) == stuck


def pending_reason(cluster: ControlPlane, name: str) -> str:
    conditions = cluster.client.get("v1", "Pod", name, "default")["status"].get("conditions") or []
    return " ".join(item.get("message", "") for item in conditions if item["type"] == "PodScheduled")


def test_a_rolling_update_that_gives_one_up_first_completes(cluster: ControlPlane, kubelets: Kubelets) -> None:
    del kubelets
    rolled_out(cluster, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}})
    eventually(
        lambda: images(cluster) == [("2", "Running"), ("2", "Running")], "the rollout completes", timeout_seconds=60
    )
    eventually(lambda: ready_on(cluster.client, app="d") == ["n1", "n1"], "both replicas get ready")


def test_a_control_plane_of_a_module_is_shown_when_a_test_fails(
    request: pytest.FixtureRequest, module_cluster: ControlPlane
) -> None:
    """The report is made by another module than the one that names the plane: both must mean the same list."""
    assert module_cluster in shown(request.config)
    (hook,) = [
        plugin
        for plugin in request.config.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", None) == str(Path(__file__).with_name("conftest.py"))
    ]
    assert hook.shown is shown
