"""Numbers, lists and texts of a stack file have bounds: beyond them is a finding at their place."""

from typing import Any

import pytest
from planning_stacks import changed

import config
from config.document import MOST_VALUES
from config.stackfile import EMPTY_KEY, parse
from reading.texts import DEEPEST, STACK_FILE_BYTES

HUGE = 10**9


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("models[0].context", HUGE), ("models[0].concurrency", HUGE),
        ("models[0].typical_tokens", HUGE), ("models[0].engine.tensor_parallel", HUGE),
        ("models[0].resources", {"cpu": HUGE, "memory_gib": 1}),
        ("models[0].autoscaling", {"requests_per_replica": HUGE}),
        ("models[0].expected", {"input_tokens_per_second": 5e-324}),
        ("models[0].engine.args", {"seed": 2**53 + 1}),
        ("observability.retention_days", HUGE), ("observability.alerts.waiting_requests", HUGE),
        ("observability.alerts.first_token_seconds", 1e308), ("quota", {"cores": HUGE}),
        ("cost", {"managed_apis": [{"name": "a", "usd_per_million_input_tokens": 1e-320}]}),
        ("pools[0].gpu", {"sharing": "time-slicing", "replicas": HUGE}),
    ],
)  # fmt: skip
def test_numbers(path: str, value: Any) -> None:
    found = config.load(changed({path: value})).problems
    assert [finding.rule for finding in found] == ["CFG-VALUE"]
    assert found[0].path.startswith(path)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**20, -(10**20)])
def test_numbers_inside_the_json_of_an_option(value: float) -> None:
    for inside in ({"a": [{"b": value}]}, [value]):
        found = config.load(changed({"models[0].engine.args": {"compilation-config": inside}})).problems
        assert {finding.rule for finding in found} == {"CFG-VALUE"}
        assert found[0].path.startswith("models[0].engine.args.compilation-config")


def test_lists_have_an_end() -> None:
    found = config.load(changed({"models[0].tolerates": ["a"] * 5000, "pools[0].taints": ["a=b:NoSchedule"] * 5000}))
    assert {finding.path for finding in found.problems} == {"models[0].tolerates", "pools[0].taints"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("config: {}\n#" + "x" * STACK_FILE_BYTES, "longer than 512 KiB"),
        ("config:\n" + "- a\n" * (MOST_VALUES + 1), f"more than {MOST_VALUES:,} values"),
        ("[" * 25_000, f"nested more than {DEEPEST} deep"),
        ("config: {a: " + "[" * 246 + "]" * 246 + "}", f"nested more than {DEEPEST} deep"),
        ("a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" * 10 for n in range(9)) + "c: [" + "*b8, " * 40_000 + "]",
         "more than"),
    ],
)  # fmt: skip
def test_a_file_has_an_end(text: str, words: str) -> None:
    problems = parse(text).problems
    assert problems[0].rule == "CFG-YAML"
    assert words in problems[0].message


@pytest.mark.parametrize("text", ['config: {}\n"": 1\n', 'config: {"": 1}\n'])
def test_an_empty_key_has_a_name_in_findings(text: str) -> None:
    assert [problem.path for problem in parse(text).problems] == [EMPTY_KEY]


def test_json_in_quotes_may_nest_as_deep_as_it_likes() -> None:
    from planning_stacks import planned  # noqa: PLC0415 - for this test alone

    for depth in (984, 98_400):
        found = planned({"models[0].engine.args": {"compilation-config": "[" * depth + "]" * depth}}).findings
        assert "ENGINE-VALUE" in {finding.rule for finding in found}
