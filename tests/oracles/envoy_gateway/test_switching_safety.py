"""Content safety is switched on in a running gateway, while clients send what it blocks.

Switching off is not tried here: Envoy Gateway's file provider merges what it reads into what it has, so that a field
that is left out stays (internal/provider/file/store.go, storeObject).
"""

from collections.abc import Callable
from copy import deepcopy
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from tests.oracles.envoy_gateway.judged import Judged
from tests.oracles.envoy_gateway.objects import Object
from tests.oracles.envoy_gateway.rig import Rig

PASSED: Final = "200"
BLOCKED: Final = "400"
_FORBIDDEN: Final = {"model": "chat", "messages": [{"role": "user", "content": "the forbidden word"}], "answer": [102]}
# Two threads of Envoy, and two of Envoy Gateway's messages, need not change at once.
_MOMENT_SECONDS: Final = 1


def _without_the_section(objects: list[Object]) -> list[Object]:
    """The same policy has the tenants' script alone."""
    without = deepcopy(objects)
    for item in without:
        item.get("spec", {}).pop("extProc", None)
    return without


def test_what_is_switched_on_judges_every_connection_from_then_on(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    judged = Judged(start_rig(), tmp_path, _without_the_section, timeout_ms=1500)
    rig = judged.rig
    options = {"host": judged.host, "key": judged.key, "model": "chat", "body": _FORBIDDEN}
    clients = rig.background("switching:watched", **options, seconds=20, clients=4, pause=0.02)
    rig.wait(lambda: judged.stats()["begun"] > 20, "requests that nobody judges")

    rig.apply([*judged.objects, *judged.secrets])
    seen = [(f"{kind}-{number}", begun, ended, status) for kind, number, begun, ended, status in rig.result(clients)]

    # Nothing fails on the way, although the listener's connections are closed.
    assert {status for *_, status in seen} == {PASSED, BLOCKED}
    first = min(ended for _, _, ended, status in seen if status == BLOCKED)
    late = [item for item in seen if item[1] > first + _MOMENT_SECONDS and item[3] == PASSED]
    assert late == []
    # Whoever was judged once is from then on, over a kept connection and over new ones.
    for client, requests in groupby(sorted(seen), key=itemgetter(0)):
        statuses = [status for *_, status in requests]
        assert statuses == sorted(statuses), client
        assert BLOCKED in statuses, client
