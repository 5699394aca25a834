"""Port 80 through the real Envoy: the way to HTTPS for everybody, and to a model for nobody."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.objects import api_keys, objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig

STACK: Final = "prod"
# Prints status and place of the answer to a request over plain HTTP.
_PLAIN: Final = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
connection.request(sys.argv[1], sys.argv[2], headers={"host": sys.argv[3], "authorization": sys.argv[4]})
answer = connection.getresponse()
print(json.dumps([answer.status, answer.headers["location"]]))
"""


def _change(sections: Sections) -> None:
    sections["gateway"]["http_redirect"] = True


class _Redirecting:
    def __init__(self, rig: Rig, directory: Path) -> None:
        objects = objects_of(STACK, _change)
        self.rig, self.model = rig, of_kind(objects, "Backend")[0]["metadata"]["name"]
        self.host = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]["hostname"]
        self.key = next(iter(api_keys(STACK).values()))
        for backend in of_kind(objects, "Backend"):
            rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], ["127.0.0.11"])
        rig.serve("first", "127.0.0.11")
        rig.apply([*objects, *secrets_of(STACK, directory)])

    def plain(self, path: str, *, method: str = "GET", key: str = "", host: str | None = None) -> list[object]:
        python = shutil.which("python3") or "python3"
        return json.loads(
            self.rig.sandbox.check(python, "-c", _PLAIN, method, path, host or self.host, f"Bearer {key}")
        )


@pytest.fixture(scope="module")
def gateway(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> _Redirecting:
    return _Redirecting(start_rig(), tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions?stream=1", "/metrics", "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_everybody_is_sent_to_https_without_a_key(gateway: _Redirecting, path: str, method: str) -> None:
    expected = [308, f"https://{gateway.host}{path}"]

    assert gateway.plain(path, method=method) == expected
    assert gateway.plain(path, method=method, key=gateway.key) == expected


def test_no_model_answers_in_plain_text(gateway: _Redirecting) -> None:
    before = gateway.rig.stats("127.0.0.11")["begun"]

    gateway.plain("/v1/chat/completions", method="POST", key=gateway.key)

    assert gateway.rig.stats("127.0.0.11")["begun"] == before


def test_another_host_is_not_sent_anywhere(gateway: _Redirecting) -> None:
    assert gateway.plain("/v1/models", host="elsewhere.example") == [404, None]


def test_https_requires_the_key_as_before(gateway: _Redirecting) -> None:
    answers = gateway.rig.run(
        "several", host=gateway.host, model=gateway.model, requests=[{"key": gateway.key}, {"key": None}]
    )

    assert [answer["status"] for answer in answers] == [200, 401]
