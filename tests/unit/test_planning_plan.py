"""The Plan: equal settings give an equal Plan, and an entry depends on nothing that it shouldn't."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace
from planning_stacks import CATALOG, changed, model, plan, planned, pool

import config
from config import Finding
from planning import RejectedError, assess, decide

ROOM: dict[str, Any] = {
    "pools[0].nodes": {"min": 1, "max": 6},
    "pools[1]": pool("wide", nodes={"min": 1, "max": 6}),
    "models[2]": model("more", "wide", replicas={"min": 1, "max": 2}),
}


def test_the_same_settings_give_the_same_plan() -> None:
    assert plan(ROOM) == plan(ROOM)
    assert planned(ROOM).findings == planned(ROOM).findings


def test_a_plan_is_plain_json() -> None:
    whole = to_builtins(plan(ROOM))
    assert json.loads(json.dumps(whole)) == json.loads(json.dumps(whole, sort_keys=True))


@pytest.mark.parametrize("where", ["h100", "wide"])
def test_another_model_leaves_the_others_as_they_are(where: str) -> None:
    extra = model("extra", where, **({"slice": "3g.47gb"} if where == "h100" else {}))
    before, after = plan(ROOM), plan({**ROOM, "models[3]": extra})
    assert after.models[:3] == before.models
    assert after.models[3].name == "extra"
    assert after.pools == before.pools
    assert after.foundation.cluster == before.foundation.cluster
    assert after.foundation.network == before.foundation.network
    # Of the gateway only what tenants may use.
    tenants = [replace(tenant, models=tenant.models[:-1]) for tenant in after.gateway.tenants]
    assert replace(after.gateway, tenants=tuple(tenants)) == before.gateway
    assert after.gpu_operator == before.gpu_operator


def test_another_pool_leaves_the_others_as_they_are() -> None:
    before, after = plan(ROOM), plan({**ROOM, "pools[2]": pool("extra")})
    assert after.pools[:2] == before.pools
    assert after.models == before.models


@settings(max_examples=12)
@given(st.permutations([0, 1]), st.permutations([0, 1, 2]))
def test_order_in_the_stack_file_changes_no_entry(pools: list[int], models: list[int]) -> None:
    sections = changed(ROOM)
    sections["pools"] = [sections["pools"][index] for index in pools]
    sections["models"] = [sections["models"][index] for index in models]
    shuffled, before = decide(config.load(sections), CATALOG), plan(ROOM)
    assert {pool.name: pool for pool in shuffled.pools} == {pool.name: pool for pool in before.pools}
    assert {model.name: model for model in shuffled.models} == {model.name: model for model in before.models}
    assert shuffled.gpu_operator == before.gpu_operator
    assert shuffled.foundation.network == before.foundation.network


def test_order_of_keys_and_arguments_changes_nothing() -> None:
    arguments = {"seed": 7, "enable-prefix-caching": True, "max-num-seqs": 32}
    backwards = dict(reversed(arguments.items()))
    written, reordered = (plan({"models[0].engine.args": given_}) for given_ in (arguments, backwards))
    assert written == reordered
    assert (
        written.models[0].releases[0].config_map
        != plan({"models[0].engine.args": {"seed": 8}}).models[0].releases[0].config_map
    )


def test_a_changed_argument_changes_only_its_model() -> None:
    before, after = plan({}), plan({"models[0].engine.args.seed": 7})
    assert after.models[1:] == before.models[1:]
    assert after.models[0].releases[0].config_map != before.models[0].releases[0].config_map
    assert after.models[0].releases[0].arguments_file.count("seed: 7\n") == 1


def test_placement_names_the_revision_that_the_pool_has() -> None:
    whole = plan(ROOM)
    revisions = {pool.name: pool.revision for pool in whole.pools}
    for planned_model in whole.models:
        for placed in planned_model.workloads:
            assert placed.pool_revision == revisions[placed.pool]


def test_a_rejected_stack_has_all_findings_and_no_plan() -> None:
    loaded = config.load(changed({"platform.region": "eastsu", "models[0].concurrency": 99}))
    assert assess(loaded, CATALOG).plan is None
    with pytest.raises(RejectedError, match="nothing was changed") as caught:
        decide(loaded, CATALOG)
    assert {finding.rule for finding in caught.value.findings} >= {"REGION-UNKNOWN", "FIT-CONCURRENCY"}
    for finding in caught.value.findings:
        assert finding.path in str(caught.value)


def test_problems_of_loading_keep_a_plan_from_being_made() -> None:
    loaded = config.load(changed({}), [Finding("error", "CFG-TWICE", "cluster.tier", "given twice", "remove one")])
    assert loaded.settings is not None
    assert assess(loaded, CATALOG).plan is None


def test_findings_are_ordered_by_severity_and_place() -> None:
    found = planned({"platform.region": "westus", "models[0].concurrency": 99, "cluster.kubernetes": "1.30"}).findings
    ranks = ["error", "warning", "info"]
    keys = [(ranks.index(finding.severity), finding.path, finding.rule) for finding in found]
    assert keys == sorted(keys)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("stated", "planned_as"),
    [("llama3.3", ("llama3.3",)), (["apache-2.0", "gemma"], ("apache-2.0", "gemma")), (None, ())],
)
def test_the_licences_that_a_stack_states(stated: object, planned_as: tuple[str, ...]) -> None:
    assert plan({"models[0].license": stated}).models[0].licenses == planned_as
