"""Queries of `advise` name only metrics and labels that exporters have, and each answer has the labels it is told by."""

import pytest

import catalog
import config
from observability.advice import questions
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.expositions import LIMITED, scraped, sections_watched
from tests.alerts.promql import check, parse
from tests.alerts.test_queries import known
from tests.graph.stacks import ALL
from tests.toolchains import PROMETHEUS


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promql-parts")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("stack", [*ALL, LIMITED])
def test_every_metric_and_label_that_advise_asks_for_is_exported(stack: str) -> None:
    plan = decide(config.load(sections_watched(stack)), catalog.load()).dashboards
    asked = questions(plan, 7)
    exported = known(scraped(stack))
    assert len({question.key for question in asked}) == len(asked)
    for question, tree in zip(asked, parse([question.query for question in asked]), strict=True):
        found = check(tree, exported)
        assert not found.problems, f"{question.key}: {found.problems}"
        assert (found.labels or frozenset()) == set(question.by), question.key


def test_a_renamed_metric_is_noticed() -> None:
    plan = decide(config.load(sections_watched("dev")), catalog.load()).dashboards
    renamed = {metric.replace("kv_cache", "cache"): labels for metric, labels in known(scraped("dev")).items()}
    trees = parse([question.query for question in questions(plan, 7)])
    assert [problem for tree in trees for problem in check(tree, renamed).problems] == [
        "no exporter has a metric vllm:kv_cache_usage_perc"
    ]
