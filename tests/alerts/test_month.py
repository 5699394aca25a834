"""A month of one model, by the minute: what docs/objectives.md says of its budget and of its alerts."""

import math
import re
from pathlib import Path
from typing import Final

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts import promtool
from tests.alerts.cases import named, with_recordings
from tests.alerts.expositions import LIMITED, scraped
from tests.alerts.promtool import Expected, Trial
from tests.alerts.test_burn_rates import counted
from tests.repository import ROOT
from tests.toolchains import PROMETHEUS

_DAY: Final = 24 * 60
_MONTH: Final = 30 * _DAY
# Minutes of the month: the tenth at noon without a pod, the twentieth in the evening with a third of failures.
_OUTAGE: Final = range(9 * _DAY + 12 * 60, 9 * _DAY + 12 * 60 + 20)
_EVENING: Final = range(19 * _DAY + 20 * 60, 19 * _DAY + 21 * 60)
_EVERY: Final = 5


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def _requests(minute: int) -> int:
    """More by day than by night, 14 a minute on average."""
    return round(14 - 11 * math.cos(2 * math.pi * (minute % _DAY) / _DAY))


def _failed(minute: int) -> int:
    requests = _requests(minute)
    if minute in _OUTAGE:
        return requests
    if minute in _EVENING:
        return requests // 3
    # Every five hours one that fails for another reason.
    return int(minute % 300 == 0)


BAD: Final = [_failed(minute) for minute in range(_MONTH + 1)]
GOOD: Final = [_requests(minute) - bad for minute, bad in enumerate(BAD)]


def _left(minute: int) -> float:
    """The budget that is left, from the increases of 5 minutes as Prometheus has them: of four minutes of five."""

    def seen(increments: list[int]) -> int:
        return sum(sum(increments[at - 3 : at + 1]) for at in range(_EVERY, minute + 1, _EVERY))

    bad = seen(BAD)
    return 1 - bad / (bad + seen(GOOD)) / 0.001


def _summary(name: str, minute: int) -> str:
    if name == "SLOBudgetUsedUp":
        share = f"{_left(minute) * 100:.4g}%"
        return f"chat, availability: the error budget of 30 days is used up ({share} left)"
    bad, good = (sum(values[minute - 58 : minute + 1]) for values in (BAD, GOOD))
    lasts = "an hour, at which the error budget of 30 days lasts 2 days"
    return f"chat, availability: {bad / (bad + good) * 100:.4g}% bad within {lasts}"


def _expected(name: str, minute: int, *, fires: bool) -> Expected:
    rule = named(name)[0]
    labels = {**rule["labels"], "model": "chat", "slo": "availability"}
    texts = {**rule["annotations"], "summary": _summary(name, minute)}
    return Expected(f"{minute}m", name, [(labels, texts)] if fires else [])


@pytest.mark.long
def test_a_month_with_two_incidents(tmp_path: Path) -> None:
    values = {"2": GOOD, "5": BAD}
    series = {
        str(found): " ".join(map(str, counted(values[found.labels["envoy_response_code_class"]])))
        for found in scraped(LIMITED)
        if found.labels.get("envoy_response_code_class") in values
        and ("httproute/llm/chat/rule/0" in str(found) or '"https-443"' in str(found))
    }
    fastest, used = "SLOBudgetBurnsFastest", "SLOBudgetUsedUp"
    expected = [
        *(
            _expected(fastest, incident.start + minutes, fires=0 < minutes < len(incident) + 10)
            for incident in (_OUTAGE, _EVENING)
            for minutes in (-5, 5, len(incident), len(incident) + 10)
        ),
        _expected(used, _OUTAGE.start, fires=False),
        _expected(used, _OUTAGE.stop + 90, fires=True),
        _expected(used, _MONTH, fires=True),
    ]
    tried = [*named(fastest), *named(used)]

    failed = promtool.failures([Trial("month", with_recordings(tried), series, expected, f"{_EVERY}m")], tmp_path)

    assert not failed, failed["month"]


def test_the_page_has_the_figures_of_this_month() -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "objectives.md").read_text(encoding="utf-8"))
    requests, bad = sum(GOOD[:_MONTH]) + sum(BAD[:_MONTH]), sum(BAD[:_MONTH])
    outage, evening = (sum(BAD[minute] for minute in incident) for incident in (_OUTAGE, _EVENING))
    assert f"{requests:,} in all" in page
    assert f"({outage:,} requests)" in page
    assert f"({evening:,})" in page
    assert f"Of the {requests // 1000:,} failures that 0.999 allows {bad:,} happen" in page
    overdrawn = bad / requests / 0.001 - 1
    assert f": \N{MINUS SIGN}{overdrawn * 100:.0f} % of the budget is left" in page
