"""Queries of `advise` name only metrics and labels that exporters have; answers have the labels of their question."""

import re

import pytest

import catalog
import config
from observability.advice import questions
from planning.plan import DashboardsPlan
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.expositions import LIMITED, scraped, sections_watched
from tests.alerts.promql import Node, check, parse
from tests.alerts.test_queries import known
from tests.graph.stacks import ALL
from tests.toolchains import PROMETHEUS

# The parser of the tests knows no subqueries: a function over one has the labels of what is inside.
_OVER = re.compile(r"\w+\((?:[\d.]+, )?\((.*)\)\[7d:300s\]\)")


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promql-parts")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def trees(plan: DashboardsPlan) -> list[Node]:
    return parse([_OVER.sub(r"abs(\1)", question.query) for question in questions(plan, 7)])


@pytest.mark.parametrize("stack", [*ALL, LIMITED])
def test_every_metric_and_label_that_advise_asks_for_is_exported(stack: str) -> None:
    plan = decide(config.load(sections_watched(stack)), catalog.load()).dashboards
    wanted = questions(plan, 7)
    exported = known(scraped(stack))
    assert len({question.key for question in wanted}) == len(wanted)
    for question, tree in zip(wanted, trees(plan), strict=True):
        found = check(tree, exported)
        assert not found.problems, f"{question.key}: {found.problems}"
        assert (found.labels or frozenset()) == set(question.by), question.key


def test_a_renamed_metric_is_noticed() -> None:
    plan = decide(config.load(sections_watched("dev")), catalog.load()).dashboards
    renamed = {metric.replace("kv_cache", "cache"): labels for metric, labels in known(scraped("dev")).items()}
    found = [problem for tree in trees(plan) for problem in check(tree, renamed).problems if "no exporter" in problem]
    assert found == ["no exporter has a metric vllm:kv_cache_usage_perc"]
