"""The configuration of policies: what Pulumi takes, and every mistake in it at once, with its place."""

import json
from typing import Any

import pytest
from planning_stacks import ROOT
from policy_cases import made

from policy.azure_data import STORE
from policy.configuration import Configuration, parse
from policy.evaluation import violations
from policy.register import BY_NAME

TODAY = "2026-11-30"
_URN = f"urn:pulumi:dev::llm-platform::{STORE}::it"
_EXCEPTION: dict[str, Any] = {
    "owner": "platform team",
    "reason": "moved in January",
    "expires": "2026-11-30",
    "match": [{"policies": ["store-https"], "targets": [_URN]}],
}


def _read(**parts: Any) -> tuple[Configuration, list[tuple[str, str]]]:
    text = json.dumps({"version": 2, **parts}, indent=1)
    configuration, problems = parse(text, TODAY)
    return configuration, [(problem.path, problem.message) for problem in problems]


def _excepting(**changes: Any) -> dict[str, Any]:
    return {"exceptions": {"A-1": {**_EXCEPTION, **changes}}}


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_each_environment_has_a_configuration_without_mistakes(environment: str) -> None:
    _, problems = parse((ROOT / "policy" / f"{environment}.json").read_text(encoding="utf-8"), TODAY)
    assert problems == ()


def test_a_level_of_its_own_comes_before_that_of_all_and_that_before_the_policys() -> None:
    configuration, problems = _read(policies={"all": "advisory", "store-https": "disabled", "store-tls": "mandatory"})
    assert problems == []
    levels = {name: configuration.level(BY_NAME[name]) for name in ("store-https", "store-tls", "vault-rbac")}
    assert levels == {"store-https": "disabled", "store-tls": "mandatory", "vault-rbac": "advisory"}
    assert _read()[0].level(BY_NAME["vault-rbac"]) == "mandatory"


def test_values_take_the_place_of_defaults() -> None:
    region = made(STORE, {"location": "westus"})
    configuration, _ = _read(policies={"allowed-regions": {"regions": ["eastus"]}})
    assert [each.policy for each in violations([region], configuration, [BY_NAME["allowed-regions"]])] == [
        "allowed-regions"
    ]
    assert violations([region], Configuration(), [BY_NAME["allowed-regions"]]) == ()


def test_an_exception_covers_its_policy_and_resource_alone_until_its_last_day() -> None:
    policies = [BY_NAME["store-https"], BY_NAME["store-tls"]]
    resources = [made(STORE, {}), made(STORE, {}, "other")]
    configuration, problems = _read(**_excepting())
    assert problems == []
    found = violations(resources, configuration, policies)
    assert [(each.policy, each.resource, each.exception) for each in found if not each.blocks] == [
        ("store-https", "it", "A-1")
    ]
    assert len(found) == 4


def test_an_exception_that_ended_covers_nothing_and_is_a_warning() -> None:
    configuration, problems = parse(json.dumps({"version": 2, **_excepting(expires="2026-11-29")}), TODAY)
    assert [(problem.severity, problem.rule) for problem in problems] == [("warning", "POLICY-EXPIRED")]
    assert "ended on 2026-11-29" in problems[0].message
    found = violations([made(STORE, {})], configuration, [BY_NAME["store-https"]])
    assert [each.blocks for each in found] == [True]


@pytest.mark.parametrize(
    ("parts", "path", "words"),
    [
        ({"version": 1}, "version", "the version is 1, not 2"),
        ({"policy": {}}, "policy", "there is no key `policy`"),
        ({"policies": ["store-https"]}, "policies", "it is not an object"),
        ({"policies": {"store-http": "mandatory"}}, "policies.store-http", "there is no policy `store-http`"),
        ({"policies": {"store-https": "strict"}}, "policies.store-https", "'strict' is not a level"),
        ({"policies": {"store-https": 1}}, "policies.store-https", "it is not an object"),
        ({"policies": {"all": {"nodes": 1}}}, "policies.all.nodes", "`all` has no value `nodes`"),
        ({"policies": {"node-pool-size": {"node": 1}}}, "policies.node-pool-size.node", "has no value `node`"),
        ({"policies": {"node-pool-size": {"nodes": "9"}}}, "policies.node-pool-size.nodes", "not of the type number"),
        ({"policies": {"node-pool-size": {"nodes": True}}}, "policies.node-pool-size.nodes", "not of the type number"),
        ({"policies": {"required-tags": {"tags": "a"}}}, "policies.required-tags.tags", "not of the type array"),
        ({"exceptions": []}, "exceptions", "it is not an object"),
        ({"exceptions": {"a b": _EXCEPTION}}, "exceptions.a b", "`a b` is not an id"),
        (_excepting(owner=" "), "exceptions.A-1.owner", "the exception has no owner"),
        (_excepting(reason=None), "exceptions.A-1.reason", "the exception has no reason"),
        (_excepting(expires="soon"), "exceptions.A-1.expires", "'soon' is not a day"),
        (_excepting(expires=None), "exceptions.A-1.expires", "None is not a day"),
        (_excepting(ticket=1), "exceptions.A-1.ticket", "there is no key `ticket`"),
        (_excepting(match=[]), "exceptions.A-1.match", "the exception covers nothing"),
        (
            _excepting(match=[{"policies": ["all"], "targets": [_URN]}]),
            "exceptions.A-1.match[0].policies[0]", "there is no policy `all`",
        ),
        (
            _excepting(match=[{"policies": ["store-https"], "targets": ["it"]}]),
            "exceptions.A-1.match[0].targets[0]", "'it' is not a URN",
        ),
        (
            _excepting(match=[{"policies": ["store-https"]}]),
            "exceptions.A-1.match[0].targets", "it is not a list of texts",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(parts: dict[str, Any], path: str, words: str) -> None:
    found = dict(_read(**parts)[1])
    assert list(found) == [path]
    assert words in found[path]


def test_all_mistakes_are_reported_together_with_their_lines() -> None:
    text = '{"version": 2,\n "policies": {\n  "store-http": "mandatory",\n  "store-tls": "strict"}}'
    _, problems = parse(text, TODAY)
    assert [(problem.line, problem.column) for problem in problems] == [(3, 3), (4, 3)]
    assert all(problem.severity == "error" and problem.fix for problem in problems)


@pytest.mark.parametrize("text", ["{", "", "[]", '{"version": 2, "version": 2'])
def test_what_is_no_object_is_one_error(text: str) -> None:
    _, problems = parse(text, TODAY)
    assert problems
    assert all(problem.severity == "error" for problem in problems)
