"""What the real operator does in an update of a stack: clients that come and go, receivers, an earlier version."""

from pathlib import Path
from typing import Final

import pytest

from components.cluster.gateway_specs import CERTIFICATE_SECRET, KEYS_SECRET
from simulators.api_server.client import Client
from tests.cluster.external_secrets import NOT_WRITTEN, SYNCED, UNREAD
from tests.engine.recording import Recording, recordings
from tests.graph.stacks import STACKS, Entry, Sections, entries_of, graph_of, sections_of
from tests.graph.test_alerting import EVERY_KIND, notifying
from tests.oracles.external_secrets.installed import Installed
from tests.oracles.external_secrets.objects import certificate_and_key, sources
from tests.oracles.external_secrets.platform import Platform, named

pytestmark = pytest.mark.cluster
_NEW: Final = {"name": "team-b", "key_secret": "key-team-b"}


@pytest.fixture
def platform(operator: Client, tmp_path: Path) -> Platform:
    """No stack yet."""
    return Platform(operator, tmp_path)


def with_clients(change: str) -> tuple[Entry, ...]:
    """Production with a client more (`added`), or with another one in place of its first (`replaced`)."""

    def edit(sections: Sections) -> None:
        clients = sections["tenants"]
        sections["tenants"] = [*(clients if change == "added" else clients[1:]), _NEW]

    return tuple(graph_of("prod", edit).to_json())


def test_a_client_that_is_added_has_its_key_at_once(platform: Platform) -> None:
    platform.apply(entries_of("prod"))
    keys = named(platform.apply(with_clients("added")), KEYS_SECRET)
    assert "team-b" in sources(keys)
    expected = {client: f"value of {source}" for client, source in sources(keys).items()}
    platform.space(keys).require_secret(KEYS_SECRET, expected)


def test_a_client_that_is_removed_keeps_its_key_while_another_key_is_not_in_the_vault(platform: Platform) -> None:
    before = named(platform.apply(entries_of("prod")), KEYS_SECRET)
    space = platform.space(before)
    space.require(KEYS_SECRET, SYNCED)
    old = platform.values(before)
    keys = named(platform.apply(with_clients("replaced"), without=["key-team-b"]), KEYS_SECRET)
    space.require(KEYS_SECRET, UNREAD)
    assert platform.values(keys) == old
    platform.hold(platform.vault, with_clients("replaced"))
    space.require_secret(KEYS_SECRET, {client: f"value of {source}" for client, source in sources(keys).items()})
    space.require(KEYS_SECRET, SYNCED)
    first = sections_of("prod")["tenants"][0]["name"]
    assert first in old
    assert first not in platform.values(keys)


def test_a_certificate_without_a_readable_key_leaves_the_one_in_use(platform: Platform, tmp_path: Path) -> None:
    certificate = named(platform.apply(entries_of("prod")), CERTIFICATE_SECRET)
    space = platform.space(certificate)
    space.require(CERTIFICATE_SECRET, SYNCED)
    old = platform.values(certificate)
    (source,) = sources(certificate).values()
    traditional = certificate_and_key(tmp_path, traditional=True)
    assert "RSA PRIVATE KEY" in traditional
    platform.hold({**platform.vault, source: traditional}, entries_of("prod"))
    space.remind(CERTIFICATE_SECRET)
    space.require(CERTIFICATE_SECRET, NOT_WRITTEN)
    assert platform.values(certificate) == old
    renewed = certificate_and_key(tmp_path)
    platform.hold({**platform.vault, source: renewed}, entries_of("prod"))
    space.require(CERTIFICATE_SECRET, SYNCED)
    assert "".join(platform.values(certificate)[key] for key in ("tls.crt", "tls.key")) == renewed


def test_a_receiver_that_is_removed_takes_its_secret_along(platform: Platform) -> None:
    declared = platform.apply(notifying(EVERY_KIND))
    (receivers,) = [external for external in declared if external["metadata"]["namespace"] == "monitoring"]
    space, name = platform.space(receivers), receivers["metadata"]["name"]
    space.require(name, SYNCED)
    fewer = EVERY_KIND[:1]
    platform.apply(notifying(fewer))
    space.require_secret(name, {fewer[0]["name"]: f"value of {fewer[0]['secret']}"})
    platform.client.delete(receivers["apiVersion"], receivers["kind"], name, space.name)
    space.require_secret(name, None)


@pytest.mark.parametrize("recording", recordings(), ids=str)
def test_an_update_from_an_earlier_version_keeps_the_secrets_in_place(
    recording: Recording, platform: Platform, running: Installed
) -> None:
    """From one store of the whole cluster to one in each namespace: first the chart changes, then the objects do."""
    assert recording.stack in STACKS
    running.restart(without=["--enable-cluster-store-reconciler=false"])
    earlier = platform.apply(recording.resources)
    before = {}
    for external in earlier:
        platform.space(external).require(external["metadata"]["name"], SYNCED)
        before[external["metadata"]["name"]] = platform.secret(external)["metadata"]["uid"]
    running.restart()
    declared = platform.apply(entries_of(recording.stack))
    assert before.keys() <= {external["metadata"]["name"] for external in declared}
    for external in declared:
        space, name = platform.space(external), external["metadata"]["name"]
        space.require(name, SYNCED)
        if name == KEYS_SECRET:
            # Up to 0.1.0 the line break of the vault was in the Secret, too.
            expected = {client: f"value of {source}" for client, source in sources(external).items()}
            space.require_secret(name, expected)
        assert platform.secret(external)["metadata"]["uid"] == before.get(
            name, platform.secret(external)["metadata"]["uid"]
        )
