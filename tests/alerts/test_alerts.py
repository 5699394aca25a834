"""Every alert on expositions, by Prometheus' own promtool: when it fires, is silent, and has no data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts import missing, promtool
from tests.alerts.cases import STACK, Rule, every_rule, named, rules, tables, trials, values
from tests.alerts.expositions import scraped
from tests.alerts.mutation import mutants
from tests.alerts.promql import metric_of, parse, selectors
from tests.alerts.promtool import Expected, Trial
from tests.graph.stacks import ALL
from tests.toolchains import PROMETHEUS

ALERTS = sorted({rule["alert"] for rule in rules()})


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        for program in PROMETHEUS.programs:
            PROMETHEUS.binary(program)
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def cases_of(rule: Rule, tried: list[Rule]) -> Iterator[Trial]:
    """All trials of a rule against it, or a changed one."""
    if rule["alert"] in missing.NAMES:
        yield from missing.trials(rule, tried)
    else:
        (tree,) = parse([rule["expr"]])
        yield from trials(rule["alert"], tried, {metric_of(selector) for selector in selectors(tree)})


@pytest.mark.parametrize("stack", ALL)
def test_prometheus_accepts_every_rule(stack: str, tmp_path: Path) -> None:
    promtool.check(every_rule(stack), tmp_path)


def test_every_alert_has_cases() -> None:
    assert set(tables()) | set(missing.NAMES) == set(ALERTS)
    for alert, table in tables().items():
        assert table.fires, alert
        assert table.silent, alert


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_when_it_should(alert: str, tmp_path: Path) -> None:
    # Beside the other rules of its name, none of which may fire with it.
    tried = [trial for rule in named(alert) for trial in cases_of(rule, named(alert))]
    failed = promtool.failures(tried, tmp_path)
    assert not failed, "\n".join(f"{name}\n{report}" for name, report in failed.items())


def test_nothing_fires_on_a_healthy_platform(tmp_path: Path) -> None:
    series = {str(found): values(found.value) for found in scraped(STACK)}
    # The certificate of the recording ended long after the time of the tests.
    healthy = Trial(
        "healthy", every_rule(), series, [Expected(at, alert, []) for alert in ALERTS for at in ("10m", "3h")]
    )
    failed = promtool.failures([healthy], tmp_path)
    assert not failed, failed["healthy"]


def test_without_any_data_only_the_alerts_on_what_is_missing_fire(tmp_path: Path) -> None:
    def expected(alert: str) -> Expected:
        fires = []
        if alert in missing.NAMES:
            for rule, tree in zip(named(alert), parse([rule["expr"] for rule in named(alert)]), strict=True):
                # What only replicas and GPUs export may be missing where there are none.
                if tree["kind"] != "binary":
                    about = rule["labels"]["missing" if alert == "MetricsMissing" else "controller"]
                    fires.append((missing.labels_of(rule, tree), missing.annotations(rule, about)))
        return Expected("3h", alert, fires)

    empty = Trial("empty", every_rule(), {}, [expected(alert) for alert in ALERTS])
    failed = promtool.failures([empty], tmp_path)
    assert not failed, failed["empty"]


@pytest.mark.long
@pytest.mark.parametrize("alert", ALERTS)
def test_a_limit_of_another_size_is_noticed(alert: str, tmp_path: Path) -> None:
    changed = {
        f"{mutant.change} {index}": list(cases_of(rule, [mutant.rule]))
        for rule in named(alert)
        for index, mutant in enumerate(mutants(rule))
    }
    tried = [
        Trial(f"{change}\n{trial.name}", trial.rules, trial.series, trial.expected, trial.every)
        for change, found in changed.items()
        for trial in found
    ]
    noticed = {name.partition("\n")[0] for name in promtool.failures(tried, tmp_path)}
    assert set(changed) == noticed
