"""Files of usage in Azurite, with a token over TLS: it answers as the double of the storage does."""

import base64
import json
import time
from collections.abc import Iterator

import pytest

from charge_back.blobs import Container
from charge_back.calls import ExportError, call
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.usage_export.azurite import azurite

pytestmark = pytest.mark.cluster


def _token(audience: str = "https://storage.azure.com") -> str:
    """A token as Entra ID issues it, but for the signature, which Azurite doesn't check (README, `--oauth basic`)."""
    now = int(time.time())
    claims = {
        "aud": audience, "iss": "https://sts.windows.net/0a0a0a0a-0000-4000-8000-000000000001/", "ver": "1.0",
        "iat": now, "nbf": now - 5, "exp": now + 3600,
    }  # fmt: skip
    parts = (json.dumps(part).encode() for part in ({"typ": "JWT", "alg": "RS256"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2lnbmF0dXJl"])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patched:
        try:
            with azurite(tmp_path_factory.mktemp("azurite")) as (url, trusted):
                patched.setenv("SSL_CERT_FILE", str(trusted))
                yield url
        except ToolUnavailableError as error:
            pytest.skip(str(error))


@pytest.fixture
def url(account: str, request: pytest.FixtureRequest) -> str:
    """A container of the test's own."""
    made = f"{account}/{request.node.name.replace('_', '-')[:60].strip('-')}"
    headers = {"Authorization": f"Bearer {_token()}", "x-ms-version": "2023-11-03", "Content-Length": "0"}
    assert call("PUT", f"{made}?restype=container", headers=headers).status == 201
    return made


def test_a_file_is_written_once(url: str) -> None:
    container = Container(url, _token())
    assert container.create("2026/11/01.csv", b"one\n", {"longest_gap_seconds": "30", "source": "http://a:9090"})
    assert not container.create("2026/11/01.csv", b"one\n", {})
    with pytest.raises(ExportError, match="is there already with other content"):
        container.create("2026/11/01.csv", b"two\n", {})
    headers = {"Authorization": f"Bearer {_token()}", "x-ms-version": "2023-11-03"}
    stored = call("GET", f"{url}/2026/11/01.csv", headers=headers)
    assert stored.body == b"one\n"
    assert stored.headers["x-ms-meta-longest_gap_seconds"] == "30"


def test_all_files_are_listed(url: str) -> None:
    container = Container(url, _token())
    names = [f"2026/11/{day:02}.csv" for day in range(1, 8)]
    for name in names:
        container.create(name, b"", {})
    assert list(container.names()) == names


def test_a_container_that_is_not_there(account: str) -> None:
    with pytest.raises(ExportError, match="404 ContainerNotFound"):
        list(Container(f"{account}/nothing-there", _token()).names())


def test_a_token_for_something_else_is_refused(url: str) -> None:
    with pytest.raises(ExportError, match="the container can't be listed: 403"):
        list(Container(url, _token("https://vault.azure.net")).names())
