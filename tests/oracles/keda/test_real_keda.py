"""The real KEDA, autoscaler and Prometheus do with our objects what the plan says, and what the simulated ones do."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from rehearsal.toolchain import ToolUnavailableError
from simulators.api_server.client import Object
from tests.oracles.keda import double
from tests.oracles.keda.installed import Installed, installed, missing
from tests.oracles.keda.real import NAME, Played
from tests.oracles.keda.scenarios import BURST, FLOOR, SCENARIOS, rendered

pytestmark = pytest.mark.cluster
_DEFINITIONS = "keda.yaml"
each_scenario = pytest.mark.parametrize("name", SCENARIOS)


@pytest.fixture(scope="module")
def keda(tmp_path_factory: pytest.TempPathFactory, reference: Path) -> Iterator[Installed]:
    if lacking := missing():
        pytest.skip(lacking)
    try:
        with installed(tmp_path_factory.mktemp("keda"), reference / "crds" / _DEFINITIONS) as running:
            yield running
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def played(keda: Installed) -> Mapping[str, Future[Played]]:
    """Every scenario, all side by side: the time that passes is real."""

    def play(name: str) -> Played:
        scenario = Played(keda, re.sub(r"[^a-z0-9]+", "-", name)[:40].strip("-"), SCENARIOS[name])
        scenario.play()
        return scenario

    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        return {name: pool.submit(play, name) for name in SCENARIOS}


@each_scenario
def test_the_simulated_keda_decides_as_the_real_one(name: str, played: Mapping[str, Future[Played]]) -> None:
    real = played[name].result()
    assert real.numbers == double.numbers(SCENARIOS[name])


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("a floor starts with its minimum and keeps it without a metric", [2]),
        ("a burst without load or metrics has no pod", [0]),
        ("a burst that sleeps stays asleep without metrics", [0]),
        ("a floor without metrics keeps its replicas", [3]),
        ("from 5 under load to fixed 2", [5, 2]),
        ("from idle at 2 to fixed 4", [2, 4]),
        ("from fixed 4 to autoscaled under load", [4]),
        ("a raised minimum and a lowered maximum hold at once", [2, 4, 3]),
    ],
)
def test_no_replica_is_started_or_removed_without_need(
    name: str, numbers: list[int], played: Mapping[str, Future[Played]]
) -> None:
    real = played[name].result()
    assert real.numbers == numbers
    assert real.pods <= max(numbers)


def test_the_reason_for_no_fallback_is_still_there(played: Mapping[str, Future[Played]]) -> None:
    """When this fails, KEDA no longer wakes what has fallen back, and a burst could have a fallback again."""
    assert played["a fallback wakes what sleeps"].result().numbers == [0, 1]


def test_without_metrics_a_burst_is_not_ready_and_a_floor_has_fallen_back(played: Mapping[str, Future[Played]]) -> None:
    burst = played["a burst that sleeps stays asleep without metrics"].result()
    assert _conditions(burst.scaled_object())["Ready"] == ("False", "TriggerError")
    # What the alert must leave out: nothing is wrong with an autoscaler that is switched off.
    assert _conditions(burst.autoscaler())["ScalingActive"] == ("False", "ScalingDisabled")
    assert burst.autoscaler()["status"]["desiredReplicas"] == 0
    floor = played["a floor without metrics keeps its replicas"].result()
    assert _conditions(floor.scaled_object())["Fallback"] == ("True", "FallbackExists")
    assert _conditions(floor.scaled_object())["Ready"] == ("True", "ScaledObjectReady")


def test_keda_finds_a_deployment_that_comes_after_its_object(played: Mapping[str, Future[Played]]) -> None:
    """All scenarios make the ScaledObject first, as the program does."""
    for name, scenario in played.items():
        assert scenario.result().autoscaler()["spec"]["scaleTargetRef"]["name"] == NAME
        # Nothing had changed the number when KEDA found it.
        assert scenario.result().scaled_object()["status"]["originalReplicaCount"] == SCENARIOS[name].replicas, name


def test_each_number_has_the_owner_that_the_simulated_one_gives_it(played: Mapping[str, Future[Played]]) -> None:
    stepped = played["the load calls for one replica at a time"].result()
    assert stepped.owners() == {("kube-controller-manager", "scale")}
    assert played["one request above the floor wakes nothing, two do"].result().owners() == {("keda", "scale")}
    # A scale of zero has no field for the number: nobody owns it then.
    assert played["a burst goes to sleep after its cooldown, all at once"].result().owners() == set()
    # What KEDA writes into the spec of its own object.
    assert stepped.scaled_object()["spec"]["advanced"]["scalingModifiers"] == {}
    assert stepped.scaled_object()["metadata"]["finalizers"] == ["finalizer.keda.sh"]


@pytest.mark.parametrize("workload", [FLOOR, BURST])
def test_the_webhook_has_nothing_to_say_about_our_objects(workload: str, keda: Installed) -> None:
    assert _warnings(keda, rendered(workload)) == []


def test_the_webhook_warns_of_what_a_floor_does_not_use(keda: Installed) -> None:
    found = _warnings(keda, rendered(FLOOR, pollingInterval=15, cooldownPeriod=60))
    assert sorted(text.partition(" ")[0] for text in found) == ["CooldownPeriod", "PollingInterval"]


def test_the_webhook_refuses_a_second_object_for_a_deployment(
    keda: Installed, played: Mapping[str, Future[Played]]
) -> None:
    taken = played["from idle at 2 to fixed 4"].result()
    answer = _create(keda, taken.namespace, {**rendered(FLOOR), "scaleTargetRef": {"name": NAME}})
    assert answer.status_code == requests.codes.forbidden
    assert f"already managed by the ScaledObject '{NAME}'" in answer.text


def _conditions(item: Object) -> dict[str, tuple[str, str]]:
    return {entry["type"]: (entry["status"], entry.get("reason", "")) for entry in item["status"]["conditions"]}


def _warnings(keda: Installed, spec: Mapping[str, Any]) -> list[str]:
    answer = _create(keda, "default", spec)
    assert answer.ok, answer.text
    return re.findall(r'299 - "((?:[^"\\]|\\.)*)"', answer.headers.get("Warning", ""))


def _create(keda: Installed, namespace: str, spec: Mapping[str, Any]) -> requests.Response:
    """Ask for a creation that is not carried out, and see the answer with its headers."""
    access = yaml.safe_load(keda.plane.kubeconfig())
    cluster, user = access["clusters"][0]["cluster"], access["users"][0]["user"]
    item = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "tried", "namespace": namespace},
        "spec": spec,
    }
    with requests.Session() as session:
        # Settings of the machine must not affect requests over loopback.
        session.trust_env = False
        return session.post(
            cluster["server"] + keda.plane.client.path("keda.sh/v1alpha1", "ScaledObject", "", namespace),
            json=item,
            params={"dryRun": "All"},
            headers={"Authorization": f"Bearer {user['token']}"},
            verify=cluster["certificate-authority"],
            timeout=30,
        )
