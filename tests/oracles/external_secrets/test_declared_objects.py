"""The real operator takes every ExternalSecret of every stack, and makes the Secrets that their readers need."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from simulators.api_server.client import Client, Object
from tests.cluster.external_secrets import SYNCED
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of
from tests.graph.test_alerting import EVERY_KIND
from tests.oracles.external_secrets.objects import external_secrets, readers, sources, stores
from tests.oracles.external_secrets.platform import Platform, is_certificate

pytestmark = pytest.mark.cluster
# The development stack with every reader of secrets that there can be.
_EVERY_READER: Final = "every reader"
each_stack = pytest.mark.parametrize("stack", [*ALL, _EVERY_READER])


def entries(stack: str) -> tuple[Entry, ...]:
    """A stack's resources."""

    def change(sections: Sections) -> None:
        sections.setdefault("observability", {})["receivers"] = EVERY_KIND
        sections.setdefault("security", {})["hugging_face_token"] = "hugging-face-token"
        sections["models"][0]["source"]["gated"] = True

    return tuple(graph_of("dev", change).to_json()) if stack == _EVERY_READER else entries_of(stack)


@each_stack
def test_definitions_and_webhook_take_what_is_declared_and_drop_nothing(
    stack: str, operator: Client, tmp_path: Path
) -> None:
    Platform(operator, tmp_path).apply(entries(stack))
    declared = [*stores(entries(stack)), *external_secrets(entries(stack))]
    assert {item["kind"] for item in declared} == {"SecretStore", "ExternalSecret"}
    for item in declared:
        taken = operator.apply(item, field_manager="pulumi", force=True, dry_run=True)
        assert kept(item["spec"], taken["spec"]), item["metadata"]["name"]


@each_stack
def test_every_secret_has_what_its_readers_need(stack: str, operator: Client, tmp_path: Path) -> None:
    platform = Platform(operator, tmp_path)
    declared = platform.apply(entries(stack))
    read = readers(entries(stack))
    for external in declared:
        name, namespace = external["spec"]["target"]["name"], external["metadata"]["namespace"]
        platform.space(external).require(external["metadata"]["name"], SYNCED)
        secret = platform.secret(external)
        assert (namespace, name) in read, f"nobody reads {name}"
        wanted = read[namespace, name] or sources(external).keys()
        if is_certificate(external):
            assert secret["type"] == "kubernetes.io/tls"
            values = platform.values(external)
            assert values["tls.crt"] + values["tls.key"] == platform.pem
        else:
            assert secret["type"] == "Opaque"
            # Without the line break that the vault has.
            expected = {key: f"value of {source}" for key, source in sources(external).items()}
            assert platform.values(external) == expected
        assert secret["data"].keys() == wanted
        (owner,) = secret["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("ExternalSecret", _uid(operator, external))
    # And nobody waits for a Secret that is not made.
    made = {(item["metadata"]["namespace"], item["spec"]["target"]["name"]) for item in declared}
    assert read.keys() <= made


def kept(declared: Any, found: Any) -> bool:
    """Whether all that is declared is there: the definitions add defaults, and drop what they don't know."""
    if isinstance(declared, Mapping):
        return all(key in found and kept(value, found[key]) for key, value in declared.items())
    if isinstance(declared, list):
        return len(declared) == len(found) and all(map(kept, declared, found))
    return bool(declared == found)


def _uid(client: Client, external: Object) -> str:
    metadata = external["metadata"]
    found = client.get(external["apiVersion"], external["kind"], metadata["name"], metadata["namespace"])
    return str(found["metadata"]["uid"])
