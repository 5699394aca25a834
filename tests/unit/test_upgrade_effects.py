"""What a move does to resources: made again, deleted, changed in place, and pods that restart."""

from typing import Any

import pytest
from planning_stacks import CATALOG, plan

from catalog.upgrades import upgrades
from preview.effects import Effects, effects

JOB, CONFIG, DEPLOYMENT = "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap", "kubernetes:apps/v1:Deployment"
CHART, POOL = "kubernetes:helm.sh/v3:Release", "azure-native:containerservice:AgentPool"
CLUSTER = "azure-native:containerservice:ManagedCluster"
PARENT = "llm-platform:components:Any$"
Resource = dict[str, Any]


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:dev::llm-platform::{PARENT}{type_}::{name}"


def one(type_: str, name: str = "it", *, options: dict[str, Any] | None = None, **inputs: Any) -> Resource:
    return {"urn": urn(type_, name), "type": type_, "name": name, "inputs": inputs, "options": options or {}}


def pods(image: str, **labels: str) -> dict[str, Any]:
    return {"template": {"metadata": {"labels": labels}, "spec": {"containers": [{"image": image}]}}}


def between(before: Resource | None, after: Resource | None, former: dict[str, str] | None = None) -> Effects:
    sides = [[each] if each is not None else [] for each in (before, after)]
    facts, replacing = CATALOG.fixed.values(), upgrades().replacing
    return effects(*sides, plan({}).models, facts, replacing, former or {})


NOTHING = Effects((), (), 0, 0, ())


def test_equal_resources_are_not_touched() -> None:
    assert between(one(JOB, spec=pods("a")), one(JOB, spec=pods("a"))) == NOTHING


def test_what_only_an_update_makes_known_counts_as_equal() -> None:
    before, after = one(POOL, vnetSubnetID="/subscriptions/1"), one(POOL, vnetSubnetID="[unknown]")
    assert between(before, after) == between(after, before) == NOTHING


def test_components_and_providers_are_nobodys_objects() -> None:
    component = {**one("x"), "urn": "urn:pulumi:dev::llm-platform::llm-platform:components:Any::it"}
    provider = {**one("x"), "urn": "urn:pulumi:dev::llm-platform::pulumi:providers:kubernetes::it"}
    assert between(component, None) == between(None, provider) == NOTHING


def test_what_the_engine_ignores_is_no_change() -> None:
    after = one(POOL, options={"ignore_changes": ["count"]}, count=1)
    assert between(one(POOL, count=3), after) == NOTHING


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (one(JOB, spec=pods("a")), one(JOB, spec=pods("b")), "spec.template"),
        (one(CONFIG, data={"a": "1"}), one(CONFIG, data={"a": "2"}), "data.a"),
        (one(CONFIG, metadata={"name": "a"}), one(CONFIG, metadata={"name": "b"}), "metadata.name"),
        (one(CHART, namespace="a"), one(CHART, namespace="b"), "namespace"),
        (one(POOL, vmSize="a"), one(POOL, options={"replace_on_changes": ["vmSize"]}, vmSize="b"), "vmSize"),
        (one(CLUSTER, dnsPrefix="a"), one(CLUSTER, dnsPrefix="b"), "can't be changed otherwise"),
    ],
)
def test_what_is_made_again(before: Resource, after: Resource, why: str) -> None:
    found = between(before, after)
    (replaced,) = found.replaced
    assert (replaced.name, replaced.successor) == ("it", "it")
    assert why in replaced.why
    assert (found.updated, found.restarts) == (0, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (one(CONFIG, metadata={"labels": {}}), one(CONFIG, metadata={"labels": {"a": "b"}})),
        (one(POOL, maxCount=1), one(POOL, maxCount=2)),
        (one(CLUSTER, kubernetesVersion="1.35"), one(CLUSTER, kubernetesVersion="1.36")),
    ],
)
def test_what_is_changed_in_place(before: Resource, after: Resource) -> None:
    assert between(before, after) == Effects((), (), 0, 1, ())


def test_a_pool_with_another_revision_takes_the_place_of_the_one_before() -> None:
    (replaced,) = between(one(POOL, "pool-h100-0824"), one(POOL, "pool-h100-hllb")).replaced
    assert (replaced.name, replaced.successor) == ("pool-h100-0824", "pool-h100-hllb")


def test_names_that_only_look_alike_are_no_successors() -> None:
    found = between(one(CONFIG, "model-chat-service"), one(CONFIG, "model-chat-pods"))
    assert found.replaced == ()
    assert [each.name for each in found.deleted] == ["model-chat-service"]
    assert found.created == 1


def test_a_renamed_resource_is_the_same_one() -> None:
    former = {urn(POOL, "old"): urn(POOL, "new")}
    assert between(one(POOL, "old", maxCount=1), one(POOL, "new", maxCount=1), former) == NOTHING
    (replaced,) = between(one(CONFIG, "old", data={}), one(CONFIG, "new", data={"a": "1"}), former | {
        urn(CONFIG, "old"): urn(CONFIG, "new"),
    }).replaced  # fmt: skip
    assert (replaced.name, replaced.successor) == ("old", "new")


@pytest.mark.parametrize(
    ("options", "retained", "protected"),
    [({}, False, False), ({"retain_on_delete": True}, True, False), ({"protect": True}, False, True)],
)
def test_what_goes_and_what_stays_of_it(options: dict[str, Any], retained: bool, protected: bool) -> None:
    (deleted,) = between(one(POOL, options=options), None).deleted
    assert (deleted.retained, deleted.protected) == (retained, protected)


def test_pods_of_a_model_restart_with_their_number() -> None:
    label = {"llm-platform/model": "chat"}
    found = between(one(DEPLOYMENT, spec=pods("vllm:a", **label)), one(DEPLOYMENT, spec=pods("vllm:b", **label)))
    (restart,) = found.restarts
    assert (restart.of, restart.name, restart.pods) == ("model", "chat", "1\N{EN DASH}3")
    assert restart.why == "another image: vllm:a → vllm:b"


def test_other_workloads_and_charts_restart_too() -> None:
    (restart,) = between(one(DEPLOYMENT, spec=pods("a")), one(DEPLOYMENT, spec=pods("b"))).restarts
    assert (restart.of, restart.name, restart.pods) == ("workload", "it", None)
    (restart,) = between(one(CHART, name="keda", version="1"), one(CHART, name="keda", version="2")).restarts
    assert (restart.of, restart.name, restart.why) == ("chart", "keda", "version 1 → 2")


def test_replicas_restart_nothing() -> None:
    found = between(one(DEPLOYMENT, spec={"replicas": 1}), one(DEPLOYMENT, spec={"replicas": 2}))
    assert (found.restarts, found.updated) == ((), 1)
