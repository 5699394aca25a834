"""Stories of days that have no file, or none yet: too old, before the first one, or partly deleted."""

from datetime import timedelta
from typing import Final

from tests.usage_history import Proxy, Replica, at, run_hours
from tests.usage_story import FIRST, LAST, Story, file_of, lines


def a_prometheus_that_begins_after_its_proxies() -> Story:
    """What running proxies counted before there were samples is nobody's day; a new counter begins with zero."""
    replica, old, new = Replica(), Proxy("envoy-a"), Proxy("envoy-b")
    old.use("team-a", "chat", read=1_000_000)
    run_hours(at(FIRST, 9), replicas=[replica], proxies=[old], hours=1)
    old.use("team-a", "chat", read=1)
    old.use("team-b", "chat", read=20)
    new.use("team-a", "chat", read=300)
    run_hours(at(FIRST, 10), replicas=[replica], proxies=[old, new], hours=14)
    rest = lines(FIRST, "team-a,chat,2,0,301,0,0,", "team-b,chat,1,0,20,0,0,")
    return Story(
        [replica],
        {file_of(FIRST).replace(".csv", ".partial.csv"): rest},
        wrong=[f"{FIRST}: Prometheus keeps no samples of its beginning"],
    )


def days_that_prometheus_no_longer_has() -> Story:
    """One is gone, one has lost its beginning: the second is kept under another name, and both are reported."""
    replica, proxy = Replica(), Proxy("envoy-a")
    run_hours(at(LAST, 12), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=100)
    run_hours(at(LAST, 13), replicas=[replica], proxies=[proxy], hours=11)
    proxy.use("team-a", "chat", read=5)
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy])
    before, gone = LAST - timedelta(days=2), LAST - timedelta(days=1)
    return Story(
        [replica],
        {
            file_of(before): "by hand\n",
            file_of(LAST).replace(".csv", ".partial.csv"): lines(LAST, "team-a,chat,1,0,100,0,0,"),
            file_of(FIRST): lines(FIRST, "team-a,chat,1,0,5,0,0,"),
        },
        there={file_of(before): "by hand\n"},
        wrong=[
            f"{gone}: Prometheus keeps no samples of it any more",
            f"{LAST}: Prometheus keeps no samples of its beginning",
        ],
        since=LAST - timedelta(days=2),
    )


def days_that_are_too_old_to_be_missed() -> Story:
    """A file that would be deleted by now is not missing."""
    replica, proxy = Replica.running(LAST - timedelta(days=1)), Proxy("envoy-a")
    for day in (LAST - timedelta(days=1), LAST, FIRST):
        run_hours(at(day), replicas=[replica], proxies=[proxy])
    return Story(
        [replica],
        {file_of(LAST): lines(LAST), file_of(FIRST): lines(FIRST)},
        since=LAST - timedelta(days=1),
        keep_days=2,
    )


def an_export_that_was_off_for_months() -> Story:
    """Neither the days of the pause are missing, nor is what was used in it charged, also on the day of the switch."""
    replica, proxy = Replica.running(LAST - timedelta(days=1)), Proxy("envoy-a")
    run_hours(at(LAST - timedelta(days=1)), replicas=[replica], proxies=[proxy])
    proxy.use("team-a", "chat", read=1000)
    run_hours(at(LAST), replicas=[replica], proxies=[proxy])
    proxy.use("team-a", "chat", read=5)
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy])
    before = FIRST - timedelta(days=90)
    return Story(
        [replica],
        {file_of(before): lines(before), file_of(FIRST): lines(FIRST, "team-a,chat,1,0,5,0,0,")},
        there={file_of(before): lines(before)},
    )


def an_export_that_begins_tomorrow() -> Story:
    """What is there already is not charged."""
    replica, proxy = Replica.running(FIRST), Proxy("envoy-a")
    proxy.use("team-a", "chat", read=1000)
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy])
    return Story([replica], {}, since=FIRST + timedelta(days=1))


ABOUT_MISSING_DAYS: Final = (
    a_prometheus_that_begins_after_its_proxies,
    days_that_prometheus_no_longer_has,
    days_that_are_too_old_to_be_missed,
    an_export_that_was_off_for_months,
    an_export_that_begins_tomorrow,
)
