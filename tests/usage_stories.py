"""Days of usage and the files that they must give, to the token: for a double of Prometheus and for the real one."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from charge_back.records import Price
from tests.usage_history import DAY, Proxy, Replica, at, run, run_hours
from tests.usage_missing_days import ABOUT_MISSING_DAYS
from tests.usage_story import FIRST, LAST, Story, file_of, lines


def a_quiet_day_between_two() -> Story:
    """The month changes; a day without requests has a file, so that it is no missing one."""
    replica, proxies = Replica.running(LAST - timedelta(days=1)), [Proxy("envoy-a"), Proxy("envoy-b")]
    start = at(LAST - timedelta(days=1))
    run(start, start + 600, [replica], proxies)
    proxies[0].use("team-a", "chat", read=100, cached=40, written=7)
    proxies[1].use("team-a", "chat", read=11, cached=0, written=1)
    proxies[1].use("team-b", "embed", read=5)
    proxies[1].fail("team-b", "embed")
    run(start + 600, start + DAY, [replica], proxies)
    run_hours(at(LAST), replicas=[replica], proxies=proxies)
    run(at(FIRST), at(FIRST, 23.99), [replica], proxies)
    proxies[0].use("team-a", "chat", read=3, written=2)
    run(at(FIRST, 23.99), at(FIRST, 24), [replica], proxies)
    day = LAST - timedelta(days=1)
    return Story(
        [replica],
        {
            file_of(day): lines(day, "team-a,chat,2,0,71,40,8,0.000207", "team-b,embed,2,1,5,0,0,"),
            file_of(LAST): lines(LAST),
            file_of(FIRST): lines(FIRST, "team-a,chat,1,0,3,0,2,0.000022"),
        },
        prices={"chat": Price(Decimal(2), Decimal("0.025"), Decimal(8))},
        notes={file_of(FIRST): {"resets": "0"}},
        since=LAST - timedelta(days=1),
    )


def a_process_that_starts_again() -> Story:
    """What was scraped is counted; what came after the last scrape before the end is lost, and nothing else."""
    replica, proxy = Replica.running(FIRST), Proxy("envoy-a")
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=1000, written=10)
    run_hours(at(FIRST, 1), replicas=[replica], proxies=[proxy], hours=2)
    proxy.use("team-a", "chat", read=5, written=5)
    proxy.restart()
    proxy.use("team-a", "chat", read=70, written=7)
    run_hours(at(FIRST, 3), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=1, written=1)
    run_hours(at(FIRST, 4), replicas=[replica], proxies=[proxy], hours=20)
    # Requests, input and output began again.
    return Story(
        [replica],
        {file_of(FIRST): lines(FIRST, "team-a,chat,2,0,1071,0,18,")},
        notes={file_of(FIRST): {"resets": "2"}},
    )


def keys_that_replace_each_other() -> Story:
    """Both keys of a tenant are the tenant; metrics without one are nobody's, and not lost."""
    replica, proxy = Replica.running(FIRST), Proxy("envoy-a")
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=10, written=1)
    proxy.use("team-a.2", "chat", read=20, written=2)
    proxy.use("team-a-2", "chat", read=40, written=4)
    proxy.use(None, "chat", read=80, written=8)
    run_hours(at(FIRST, 1), replicas=[replica], proxies=[proxy], hours=23)
    return Story(
        [replica],
        {
            file_of(FIRST): lines(
                FIRST,
                "(unknown),chat,1,0,80,0,8,",
                "team-a,chat,2,0,30,0,3,",
                "team-a-2,chat,1,0,40,0,4,",
            )
        },
    )


def more_labels_than_a_process_may_have() -> Story:
    """Requests of nobody are a line; tokens of no kind are in no line, and noted beside the file."""
    replica, proxy = Replica.running(FIRST), Proxy("envoy-a")
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=10, written=1)
    proxy.overflow(500)
    run_hours(at(FIRST, 1), replicas=[replica], proxies=[proxy], hours=23)
    return Story(
        [replica],
        {file_of(FIRST): lines(FIRST, "(unknown),unknown,1,0,0,0,0,", "team-a,chat,1,0,10,0,1,")},
        notes={file_of(FIRST): {"tokens_of_nobody": "500"}},
    )


def a_managed_model_that_answers() -> Story:
    """Usage is of the model of the request, whoever answered."""
    replica, proxy = Replica.running(FIRST), Proxy("envoy-a")
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=10, cached=4, written=1)
    proxy.use("team-a", "chat", read=20, written=2, backend="llm/chat-fallback", answered_as="gpt-5-mini")
    run_hours(at(FIRST, 1), replicas=[replica], proxies=[proxy], hours=23)
    return Story([replica], {file_of(FIRST): lines(FIRST, "team-a,chat,2,0,26,4,3,")})


def scrapes_that_fail() -> Story:
    """Proxies that outlive a gap lose nothing, nor one that begins in it; one that ends in it loses what was in it."""
    replica, kept, gone, fresh = Replica.running(FIRST), Proxy("envoy-a"), Proxy("envoy-b"), Proxy("envoy-c")
    run_hours(at(FIRST), replicas=[replica], proxies=[kept, gone], hours=10)
    for proxy in (kept, gone):
        proxy.use("team-a", "chat", read=100)
    run_hours(at(FIRST, 10), replicas=[replica], proxies=[kept, gone], hours=1)
    for proxy in (kept, gone, fresh):
        proxy.use("team-a", "chat", read=1)
    replica.fails = True
    run_hours(at(FIRST, 11), replicas=[replica], proxies=[kept, gone, fresh], hours=0.5)
    replica.fails = False
    run_hours(at(FIRST, 11.5), replicas=[replica], proxies=[kept, fresh], hours=12.5)
    return Story(
        [replica],
        {file_of(FIRST): lines(FIRST, "team-a,chat,4,0,202,0,0,")},
        notes={file_of(FIRST): {"longest_gap_seconds": "1830", "source": "0"}},
    )


def no_scrapes_over_midnight() -> Story:
    """For hours there is no sample: what was used by then is of the day of the next one, once."""
    replica, proxy = Replica.running(LAST), Proxy("envoy-a")
    run_hours(at(LAST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=1000, written=100)
    run_hours(at(LAST, 1), replicas=[replica], proxies=[proxy], hours=20)
    proxy.use("team-a", "chat", read=7, written=7)
    run_hours(at(FIRST, 3), replicas=[replica], proxies=[proxy], hours=21)
    return Story(
        [replica],
        {
            file_of(LAST): lines(LAST, "team-a,chat,1,0,1000,0,100,"),
            file_of(FIRST): lines(FIRST, "team-a,chat,1,0,7,0,7,"),
        },
        since=LAST,
    )


def two_replicas_of_which_one_was_away() -> Story:
    """The second replica has seen the proxy that came and went; on a day that both saw, nothing is counted twice."""
    first, second, proxy, brief = Replica.running(LAST), Replica.running(LAST), Proxy("envoy-a"), Proxy("envoy-b")
    run_hours(at(LAST), replicas=[first, second], proxies=[proxy], hours=10)
    proxy.use("team-a", "chat", read=100)
    run_hours(at(LAST, 10), replicas=[first, second], proxies=[proxy], hours=14)
    proxy.use("team-a", "chat", read=30)
    run_hours(at(FIRST), replicas=[first, second], proxies=[proxy], hours=10)
    brief.use("team-b", "chat", read=9)
    run_hours(at(FIRST, 10), replicas=[second], proxies=[proxy, brief], hours=1)
    proxy.use("team-a", "chat", read=4)
    run_hours(at(FIRST, 11), replicas=[first, second], proxies=[proxy], hours=13)
    return Story(
        [first, second],
        {
            file_of(LAST): lines(LAST, "team-a,chat,1,0,100,0,0,"),
            file_of(FIRST): lines(FIRST, "team-a,chat,2,0,34,0,0,", "team-b,chat,1,0,9,0,0,"),
        },
        notes={file_of(LAST): {"source": "0"}, file_of(FIRST): {"source": "1"}},
        since=LAST,
    )


def two_replicas_of_which_one_scrapes_in_vain() -> Story:
    """For 23 hours the first reaches Envoy, and not the processor beside it: the day is of the second."""
    first, second, proxy, brief = Replica.running(FIRST), Replica.running(FIRST), Proxy("envoy-a"), Proxy("envoy-b")
    run_hours(at(FIRST), replicas=[first, second], proxies=[proxy], hours=0.5)
    first.fails = True
    brief.use("team-b", "chat", read=1_000_000)
    run_hours(at(FIRST, 0.5), replicas=[first, second], proxies=[proxy, brief], hours=23)
    first.fails = False
    proxy.use("team-a", "chat", read=100)
    run_hours(at(FIRST, 23.5), replicas=[first, second], proxies=[proxy], hours=0.5)
    return Story(
        [first, second],
        {file_of(FIRST): lines(FIRST, "team-a,chat,1,0,100,0,0,", "team-b,chat,1,0,1000000,0,0,")},
        notes={file_of(FIRST): {"source": "1", "longest_gap_seconds": "30"}},
    )


def labels_of_the_scrape_that_change() -> Story:
    """The same counter goes on under another `instance`, as after an update of the monitor."""
    replica, proxy = Replica.running(LAST), Proxy("envoy-a")
    run_hours(at(LAST), replicas=[replica], proxies=[proxy], hours=1)
    proxy.use("team-a", "chat", read=100)
    run_hours(at(LAST, 1), replicas=[replica], proxies=[proxy], hours=23)
    replica.instance = "10.0.0.2:1064"
    run_hours(at(FIRST), replicas=[replica], proxies=[proxy], hours=12)
    replica.instance = "10.0.0.3:1064"
    proxy.use("team-a", "chat", read=5)
    run_hours(at(FIRST, 12), replicas=[replica], proxies=[proxy], hours=12)
    return Story(
        [replica],
        {
            file_of(LAST): lines(LAST, "team-a,chat,1,0,100,0,0,"),
            file_of(FIRST): lines(FIRST, "team-a,chat,1,0,5,0,0,"),
        },
        notes={file_of(FIRST): {"resets": "0"}},
        since=LAST,
    )


STORIES: Final[Mapping[str, Callable[[], Story]]] = {
    story.__name__.replace("_", " "): story
    for story in (
        a_quiet_day_between_two,
        a_process_that_starts_again,
        keys_that_replace_each_other,
        more_labels_than_a_process_may_have,
        a_managed_model_that_answers,
        scrapes_that_fail,
        no_scrapes_over_midnight,
        two_replicas_of_which_one_was_away,
        two_replicas_of_which_one_scrapes_in_vain,
        labels_of_the_scrape_that_change,
        *ABOUT_MISSING_DAYS,
    )
}
