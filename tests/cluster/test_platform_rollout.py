"""New versions of models replace the old ones, with and without a spare GPU; pods terminate gracefully."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import catalog
from components.cluster.labels import DEPLOYMENT
from planning.plan import RolloutPlan
from rehearsal.control_plane import ControlPlane
from rehearsal.rollout_watch import Watch, is_ending
from simulators.api_server.client import ApiError, Object
from simulators.api_server.waiting import eventually
from simulators.kubernetes_provider import provider as kubernetes_provider
from tests.cluster.changing import Change, Changing, Edit, changing_stack
from tests.engine.platform_stacks import section

pytestmark = pytest.mark.cluster
# For so long a terminating pod holds its GPU.
DRAIN_SECONDS = 2.0
SPARE = RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0)
TIGHT = RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1)


class Images:
    """The catalog's vLLM image, moved to another digest as often as a test likes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._facts = catalog.load()
        self._moves = 0

    def move(self) -> str:
        """Another image of the same version; its digest."""
        self._moves += 1
        image = self._facts.images[self._facts.vllm(self._facts.vllm_versions[-1]).image]
        digest = catalog.Digest(f"sha256:{self._moves:064x}", "2026-11-30")
        known = {**self._facts.digests, f"{image.repository}:{image.tag}": digest}
        moved = msgspec.structs.replace(self._facts, digests=known)
        self._patch.setattr(catalog, "load", lambda: moved)
        return digest.digest


@pytest.fixture(scope="module")
def images() -> Iterator[Images]:
    with pytest.MonkeyPatch.context() as patch:
        yield Images(patch)


def sized(nodes: int, **replicas: int) -> Edit:
    """So many machines of two slices at most, and so many replicas of each model."""

    def edit(settings: dict[str, Any]) -> None:
        section(settings, "pools")[0]["nodes"]["max"] = nodes
        for model in section(settings, "models"):
            model["replicas"] = {"min": replicas[model["name"]], "max": replicas[model["name"]]}

    return edit


ALL_ALONE, ALL_TIGHT, SOME_SPARE = sized(1, chat=1, embed=1), sized(2, chat=2, embed=2), sized(3, chat=3, embed=1)
SIZES = [
    pytest.param(ALL_ALONE, TIGHT, id="alone"),
    pytest.param(ALL_TIGHT, TIGHT, id="tight"),
    pytest.param(SOME_SPARE, SPARE, id="spare"),
]


@pytest.fixture(scope="module")
def changing(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[Changing]:
    """A stack whose size and versions the tests change one after the other; no number of replicas is KEDA's."""
    del engine_binary
    directory = tmp_path_factory.mktemp("rollout")
    with changing_stack(directory, arm, module_cluster, drain_seconds=DRAIN_SECONDS, edit=ALL_ALONE) as running:
        yield running


def resize(changing: Changing, edit: Edit, strategy: RolloutPlan) -> None:
    """Begin with the stack file and one edit, on no more machines than the Plan allows, whatever was there before."""
    changing.start_from(edit)
    changing.take_surplus_nodes()
    for namespace, deployment in changing.life.deployments:
        assert deployment.rollout == strategy
        changing.life.require_pods(namespace, deployment)


def pods(changing: Changing) -> dict[str, list[Object]]:
    return {
        deployment.name: changing.life.pods(namespace, deployment.name)
        for namespace, deployment in changing.life.deployments
    }


def uids(found: list[Object]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in found}


def require_replaced(changing: Changing, change: Change, *names: str) -> None:
    """These Deployments kept what is promised of them, on the machines that the Plan allows, and no pod was stuck."""
    for name in names:
        namespace, deployment = changing.life.deployment(name)
        changing.require_served(change, namespace, deployment, deployment.replicas.max)
    (pool,) = changing.life.plan.pools
    assert max(moment.pools()[pool.revision] for moment in change.watch.moments) <= pool.max_nodes
    assert change.watch.never_placed() == set()
    # Neither old pods nor new ones were ever without the ConfigMap that they start with.
    assert change.watch.hindered() == set()


@pytest.mark.parametrize(("size", "strategy"), SIZES)
def test_a_new_image_replaces_every_pod(changing: Changing, images: Images, size: Edit, strategy: RolloutPlan) -> None:
    resize(changing, size, strategy)
    before = pods(changing)
    digest = images.move()
    change = changing.change()
    assert {(call.method, call.type) for call in change.outcome.writes()} == {
        ("Update", kubernetes_provider.DEPLOYMENT)
    }
    require_replaced(changing, change, *before)
    for name, found in pods(changing).items():
        assert uids(found).isdisjoint(uids(before[name]))
        images_now = {container["image"] for pod in found for container in pod["spec"]["containers"]}
        assert [image.rpartition("@")[2] for image in images_now] == [digest]


def test_a_changed_argument_replaces_the_pods_of_one_model(changing: Changing) -> None:
    resize(changing, SOME_SPARE, SPARE)
    before = pods(changing)

    def other_batches(settings: dict[str, Any]) -> None:
        section(settings, "models")[0]["engine"]["args"]["max-num-batched-tokens"] = 4096

    change = changing.change(other_batches)
    # The pods of the old arguments run until the new ones do: their ConfigMap must outlive them.
    arguments = "kubernetes:core/v1:ConfigMap"
    order = [(call.method, call.type) for call in change.outcome.writes()]
    assert order == [("Create", arguments), ("Update", kubernetes_provider.DEPLOYMENT), ("Delete", arguments)]
    require_replaced(changing, change, "chat")
    after = pods(changing)
    assert uids(after["chat"]).isdisjoint(uids(before["chat"]))
    assert uids(after["embed"]) == uids(before["embed"])


LISTS = ("::gateway-models-script", "::monitoring-alerts")


def one_more(settings: dict[str, Any]) -> None:
    models = section(settings, "models")
    models.append({**models[1], "name": "embed-two"})


def without_lists(operations: Mapping[str, Any]) -> dict[str, Any]:
    """All but updates of lists: models that tenants may use, alerts with each model's figures, and dashboards."""
    lists = {urn: ops for urn, ops in operations.items() if urn.endswith(LISTS)}
    assert {urn.rpartition("::")[2] for urn in lists} == {name.strip(":") for name in LISTS}
    assert set(lists.values()) == {("update",)}
    # The provider makes a ConfigMap whose data change again under its name: Grafana lacks a dashboard for seconds.
    dashboards = {urn: ops for urn, ops in operations.items() if "::dashboards-" in urn}
    assert dashboards
    assert set(dashboards.values()) == {("delete-replaced", "replace", "create-replacement")}
    return {urn: ops for urn, ops in operations.items() if urn not in lists and urn not in dashboards}


def test_adding_a_model_changes_no_other_model(changing: Changing) -> None:
    resize(changing, sized(4, chat=3, embed=1), SPARE)
    operations = without_lists(changing.change(one_more).outcome.operations)
    assert {op for ops in operations.values() for op in ops} == {"create"}
    assert all("embed-two" in urn for urn in operations)
    changing.life.require_pods(*changing.life.deployment("embed-two"))


def test_a_model_that_takes_the_place_for_drained_pods_changes_disruption_budgets_alone(changing: Changing) -> None:
    """Pods then find no other place until the node is back: they may go together."""
    resize(changing, SOME_SPARE, SPARE)
    operations = without_lists(changing.change(one_more).outcome.operations)
    changed = {urn: ops for urn, ops in operations.items() if "embed-two" not in urn}
    assert [(urn.rpartition("::")[2], ops) for urn, ops in changed.items()] == [("chat-disruption-budget", ("update",))]


def test_the_grace_of_a_pod_covers_its_pause_and_its_last_requests(changing: Changing) -> None:
    """First it is left out of the Service, then vLLM gets the signal to stop, then running requests may end."""
    for namespace, deployment in changing.life.deployments:
        for pod in changing.life.pods(namespace, deployment.name):
            spec = pod["spec"]
            (container,) = spec["containers"]
            (volume,) = (volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume)
            arguments = changing.life.engine.client.get("v1", "ConfigMap", volume, namespace)["data"]
            (options,) = (yaml.safe_load(text) for text in arguments.values())
            pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert pause > 0
            assert options["shutdown-timeout"] > 0
            assert spec["terminationGracePeriodSeconds"] > pause + options["shutdown-timeout"]


def test_a_drain_takes_one_replica_and_waits_for_its_successor(changing: Changing) -> None:
    resize(changing, SOME_SPARE, SPARE)
    client, kubelets = changing.life.engine.client, changing.life.engine.kubelets
    namespace, chat = changing.life.deployment("chat")
    first, second, third = (pod["metadata"]["name"] for pod in changing.life.pods(namespace, chat.name))
    with Watch(changing.life.engine.plane) as watch:
        kubelets.hold(**{DEPLOYMENT: chat.name})
        try:
            client.evict(namespace, first)
            for name in (second, third):
                with pytest.raises(ApiError, match="disruption budget") as refused:
                    client.evict(namespace, name)
                assert refused.value.status == 429
        finally:
            kubelets.heal()
        changing.life.require_pods(namespace, chat, 3)
        eventually(lambda: changing.budget(namespace, chat)["disruptionsAllowed"] == 1, "the budget counts it")
        client.evict(namespace, second)
        changing.life.require_pods(namespace, chat, 3)
    assert watch.fewest(chat.name) == 2
    assert {pod["metadata"]["name"] for pod in changing.life.pods(namespace, chat.name)}.isdisjoint({first, second})


def test_a_pod_gets_no_new_requests_before_its_grace_ends(changing: Changing) -> None:
    resize(changing, SOME_SPARE, SPARE)
    client = changing.life.engine.client
    namespace, chat = changing.life.deployment("chat")
    (model,) = (model for model in changing.life.plan.models if model.name == "chat")
    leaving, *_ = (pod["metadata"] for pod in changing.life.pods(namespace, chat.name))
    with Watch(changing.life.engine.plane) as watch:
        client.evict(namespace, leaving["name"])
        terminating = client.get("v1", "Pod", leaving["name"], namespace)
        eventually(lambda: client.find("v1", "Pod", leaving["name"], namespace) is None, "the pod ends")
        changing.life.require_pods(namespace, chat, 3)
    assert is_ending(terminating)
    assert terminating["metadata"]["deletionGracePeriodSeconds"] == model.path.server.grace_seconds
    assert leaving["name"] in watch.moments[0].addressed(model.service)
    left_out = watch.first(
        lambda moment: leaving["name"] not in moment.addressed(model.service), "the Service leaves it out"
    )
    ended = watch.first(lambda moment: leaving["uid"] not in moment.pods, "the pod is gone")
    assert left_out < ended
    # The others are never left out with it.
    assert min(len(moment.addressed(model.service)) for moment in watch.moments) >= 2


def replicas(low: int, high: int) -> Edit:
    """So many replicas of the first model, on the stack file's machines."""

    def edit(settings: dict[str, Any]) -> None:
        section(settings, "models")[0]["replicas"] = {"min": low, "max": high}

    return edit


def test_a_model_that_is_autoscaled_from_now_on_keeps_its_replicas(changing: Changing) -> None:
    with changing.life.engine.keda.away():
        resize(changing, SOME_SPARE, SPARE)
        assert changing.change(replicas(2, 3)).watch.fewest("chat") == 3


@pytest.mark.parametrize(("loaded", "fixed"), [(False, 3), (True, 2)])
def test_a_model_that_is_no_longer_autoscaled_has_the_replicas_of_the_stack_file(
    changing: Changing, loaded: bool, fixed: int
) -> None:
    """KEDA has the new bounds before the Deployment has the number: nothing is left to change after the update."""
    changing.start_from()
    changing.life.busy()
    if not loaded:
        changing.life.idle()
    change = changing.change(replicas(fixed, fixed))
    namespace, chat = changing.life.deployment("chat")
    changing.life.require_pods(namespace, chat, fixed)
    assert change.watch.fewest("chat") == (fixed if loaded else 1)
    changing.life.engine.keda.let_pass(3)
    changing.life.require_pods(namespace, chat, fixed)
