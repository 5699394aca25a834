"""The simulated External Secrets operator: what it makes of an ExternalSecret, and what it does when that can't be.

`tests/oracles/external_secrets` runs the same tests on the real one.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import Client
from simulators.external_secrets.secret_templates import pem
from simulators.external_secrets.secrets_operator import SecretsOperator
from tests.cluster.external_secrets import (
    API_VERSION,
    KIND,
    NOT_WRITTEN,
    SYNCED,
    UNREAD,
    VALUES,
    Space,
    define,
)

pytestmark = pytest.mark.cluster
_TRIMMED = {"engineVersion": "v2", "data": {"key": '{{ index . "key" | trim }}'}}
_CERTIFICATE = {
    "type": "kubernetes.io/tls",
    "data": {
        "tls.crt": '{{ .pem | filterPEM "CERTIFICATE" }}',
        "tls.key": '{{ .pem | filterPEM "PRIVATE KEY" }}',
    },
}
_COMPLETE = {
    "type": "kubernetes.io/tls",
    "data": {
        name: f'{{{{ with .pem | filterPEM "{kind}" }}}}{{{{ . }}}}{{{{ else }}}}{{{{ fail "none" }}}}{{{{ end }}}}'
        for name, kind in (("tls.crt", "CERTIFICATE"), ("tls.key", "PRIVATE KEY"))
    },
}
_CHAIN = pem("CERTIFICATE", b"c" * 60) + pem("CERTIFICATE", b"i" * 60)
_KEY = pem("PRIVATE KEY", b"k" * 60)


@pytest.fixture(scope="module")
def operator(module_cluster: ControlPlane, reference: Path) -> Iterator[Client]:
    """A client of a cluster in which the operator runs."""
    define(module_cluster.client, reference)
    with SecretsOperator(module_cluster.client, values=VALUES):
        yield module_cluster.client


@pytest.fixture
def space(operator: Client, request: pytest.FixtureRequest) -> Space:
    """A namespace of the test's own."""
    return Space(operator, re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[:63].strip("-"))


def test_values_become_a_secret_that_is_owned(space: Space) -> None:
    space.store({"in-the-vault": "value\n"})
    space.want("one", {"key": "in-the-vault"})
    secret = space.require_secret("one", {"key": "value\n"})
    space.require("one", SYNCED)
    external = space.external("one")

    assert secret["type"] == "Opaque"
    assert secret["metadata"]["labels"] == {
        # Without a template those of the ExternalSecret.
        "of": "the-tests",
        "reconcile.external-secrets.io/created-by": hashlib.sha3_224(f"{space.name}/one".encode()).hexdigest(),
        "reconcile.external-secrets.io/managed": "true",
    }
    printed = f"map[key:[{' '.join(map(str, b'value' + bytes([10])))}]]"
    assert secret["metadata"]["annotations"] == {
        "reconcile.external-secrets.io/data-hash": hashlib.sha3_224(printed.encode()).hexdigest()
    }
    assert secret["metadata"]["ownerReferences"] == [
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": "one",
            "uid": external["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    (writer,) = secret["metadata"]["managedFields"]
    assert (writer["manager"], writer["operation"]) == ("externalsecrets.external-secrets.io/one", "Update")
    assert external["status"]["binding"] == {"name": "one"}
    synced = f"{external['metadata']['generation']}-" + _hash_of_metadata(labels="map[of:the-tests]")
    assert external["status"]["syncedResourceVersion"] == synced
    # What the operator writes leaves the declared fields to whoever declared them.
    mine = [entry for entry in external["metadata"]["managedFields"] if "f:spec" in entry["fieldsV1"]]
    assert [entry["manager"] for entry in mine] == ["pulumi"]


def _hash_of_metadata(labels: str) -> str:
    return hashlib.sha3_224(f"{{annotations:map[] labels:{labels}}}".encode()).hexdigest()


def test_a_template_trims_values(space: Space) -> None:
    space.store({"in-the-vault": " \tvalue of\ntwo lines\r\n\n"})
    space.want("one", {"key": "in-the-vault", "other": "in-the-vault"}, target={"template": _TRIMMED})
    secret = space.require_secret("one", {"key": "value of\ntwo lines"})
    assert "of" not in secret["metadata"]["labels"]


def test_a_certificate_and_its_key_come_from_one_text(space: Space) -> None:
    space.store({"both": f"Bag Attributes\n{_KEY}some text\n{_CHAIN}"})
    space.want("one", {"pem": "both"}, target={"template": _CERTIFICATE})
    secret = space.require_secret("one", {"tls.crt": _CHAIN, "tls.key": _KEY})
    assert secret["type"] == "kubernetes.io/tls"


def test_a_key_of_another_type_is_left_out_silently(space: Space) -> None:
    space.store({"both": _CHAIN + pem("RSA PRIVATE KEY", b"k" * 60)})
    space.want("one", {"pem": "both"}, target={"template": _CERTIFICATE})
    space.require_secret("one", {"tls.crt": _CHAIN, "tls.key": ""})
    space.require("one", SYNCED)


def test_a_template_that_fails_keeps_the_secret(space: Space) -> None:
    space.store({"both": _CHAIN + _KEY})
    space.want("one", {"pem": "both"}, target={"template": _COMPLETE})
    space.require_secret("one", {"tls.crt": _CHAIN, "tls.key": _KEY})
    space.require("one", SYNCED)
    space.store({"both": _CHAIN + pem("EC PRIVATE KEY", b"k" * 60)})
    space.remind("one")
    space.require("one", NOT_WRITTEN)
    assert space.values("one") == {"tls.crt": _CHAIN, "tls.key": _KEY}


def test_what_is_no_pem_makes_no_secret_and_leaves_the_one_that_is_there(space: Space) -> None:
    space.store({"both": "no certificate"})
    space.want("one", {"pem": "both"}, target={"template": _CERTIFICATE})
    space.require("one", NOT_WRITTEN)
    assert space.values("one") is None
    space.store({"both": _CHAIN + _KEY})
    space.require_secret("one", {"tls.crt": _CHAIN, "tls.key": _KEY})
    space.require("one", SYNCED)
    space.store({"both": "no certificate"})
    space.remind("one")
    space.require("one", NOT_WRITTEN)
    assert space.values("one") == {"tls.crt": _CHAIN, "tls.key": _KEY}


def test_a_key_that_the_vault_lacks_makes_no_secret_until_it_is_there(space: Space) -> None:
    space.store({"there": "value"})
    space.want("one", {"key": "there", "other": "not-there"})
    space.require("one", UNREAD)
    assert space.values("one") is None
    space.store({"there": "value", "not-there": "late"})
    space.require_secret("one", {"key": "value", "other": "late"})
    space.require("one", SYNCED)


def test_a_key_that_the_vault_lost_leaves_the_secret_as_it_was(space: Space) -> None:
    space.store({"lost": "value", "there": "old"})
    space.want("one", {"key": "lost", "other": "there"})
    space.require_secret("one", {"key": "value", "other": "old"})
    space.require("one", SYNCED)
    space.store({"there": "new"})
    space.remind("one")
    space.require("one", UNREAD)
    assert space.values("one") == {"key": "value", "other": "old"}


def test_one_absent_key_keeps_a_removed_one_in_the_secret(space: Space) -> None:
    """A key that is taken away stays valid as long as another can't be read."""
    space.store({"a": "a"})
    space.want("one", {"team-a": "a"})
    space.require_secret("one", {"team-a": "a"})
    space.want("one", {"team-b": "b"})
    space.require("one", UNREAD)
    assert space.values("one") == {"team-a": "a"}
    space.store({"a": "a", "b": "b"})
    space.require_secret("one", {"team-b": "b"})


def test_a_change_in_the_vault_waits_for_the_refresh_interval(space: Space) -> None:
    space.store({"v": "old"})
    space.want("hourly", {"key": "v"})
    space.want("soon", {"key": "v"}, interval="1s")
    space.require_secret("hourly", {"key": "old"})
    space.require_secret("soon", {"key": "old"})
    space.store({"v": "new"})
    space.require_secret("soon", {"key": "new"})
    assert space.values("hourly") == {"key": "old"}
    space.remind("hourly")
    space.require_secret("hourly", {"key": "new"})


def test_of_two_keys_the_old_one_ends_with_the_update_that_no_longer_names_it(space: Space) -> None:
    """While a client has two, either is valid; neither its end nor a new value of the vault waits for an hour."""
    space.store({"new": "new key", "old": "old key"})
    space.want("keys", {"team": "old"})
    space.require_secret("keys", {"team": "old key"})
    space.want("keys", {"team": "new", "team.2": "old"})
    space.require_secret("keys", {"team": "new key", "team.2": "old key"})
    space.want("keys", {"team": "new"})
    space.require_secret("keys", {"team": "new key"})
    space.store({"new": "after a leak", "old": "old key"})
    space.remind("keys")
    space.require_secret("keys", {"team": "after a leak"})


def test_a_changed_specification_is_followed_at_once(space: Space) -> None:
    space.store({"a": "a\n", "b": "b"})
    space.want("one", {"key": "a", "other": "b"})
    space.require_secret("one", {"key": "a\n", "other": "b"})
    space.want("one", {"key": "a"}, target={"template": _TRIMMED})
    secret = space.require_secret("one", {"key": "a"})
    assert "of" not in secret["metadata"]["labels"]


def test_a_secret_that_somebody_changed_or_deleted_is_put_back(space: Space) -> None:
    space.store({"v": "value"})
    space.want("one", {"key": "v"})
    first = space.require_secret("one", {"key": "value"})
    space.client.patch("v1", "Secret", "one", {"stringData": {"key": "mine", "more": "x"}}, namespace=space.name)
    space.require_secret("one", {"key": "value"})
    space.client.delete("v1", "Secret", "one", space.name, uid=first["metadata"]["uid"])
    space.client.wait(
        "v1",
        "Secret",
        "one",
        space.name,
        until=lambda found: found and found["metadata"]["uid"] != first["metadata"]["uid"],
    )
    space.require_secret("one", {"key": "value"})


def test_a_secret_of_another_name_replaces_the_one_before(space: Space) -> None:
    space.store({"v": "value"})
    space.want("one", {"key": "v"})
    space.require_secret("one", {"key": "value"})
    space.want("one", {"key": "v"}, target={"name": "two"})
    space.require_secret("two", {"key": "value"})
    space.require_secret("one", None)


def test_a_deleted_external_secret_takes_its_secret_along(space: Space) -> None:
    space.store({"v": "value"})
    space.want("one", {"key": "v"})
    space.require_secret("one", {"key": "value"})
    space.client.delete(API_VERSION, KIND, "one", space.name)
    space.require_secret("one", None)


def test_a_secret_belongs_to_one_external_secret(space: Space) -> None:
    space.store({"a": "a", "b": "b"})
    space.want("first", {"key": "a"}, target={"name": "shared"})
    space.require_secret("shared", {"key": "a"})
    space.want("second", {"key": "b"}, target={"name": "shared"})
    space.require("second", ("False", "SecretSyncedError", "target is owned by another ExternalSecret"))
    assert space.values("shared") == {"key": "a"}
    # As in an update that renames one: the new one has the Secret when the old one is gone.
    space.client.delete(API_VERSION, KIND, "first", space.name)
    space.require_secret("shared", {"key": "b"})
    space.require("second", SYNCED)


def test_a_secret_that_was_there_is_taken_over(space: Space) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": space.name}}
    space.client.create({**secret, "stringData": {"by-hand": "x"}})
    space.store({"v": "value"})
    space.want("one", {"key": "v"})
    space.require_secret("one", {"key": "value"})


def test_the_type_of_a_secret_that_was_there_cant_change(space: Space) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": space.name}}
    space.client.create({**secret, "stringData": {"by-hand": "x"}})
    space.store({"both": _CHAIN + _KEY})
    space.want("one", {"pem": "both"}, target={"template": _CERTIFICATE})
    space.require("one", NOT_WRITTEN)
    assert space.values("one") == {"by-hand": "x"}


def test_a_secret_of_another_controller_is_not_taken(space: Space) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": space.name}}
    owner = space.client.create(settings)
    reference = {
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "controller": True,
    }  # fmt: skip
    metadata = {"name": "one", "namespace": space.name, "ownerReferences": [reference]}
    space.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"by-hand": "x"}})
    space.store({"v": "value"})
    space.want("one", {"key": "v"})
    space.require("one", ("False", "SecretSyncedError", "failed to take ownership of target secret"))
    assert space.values("one") == {"by-hand": "x"}
