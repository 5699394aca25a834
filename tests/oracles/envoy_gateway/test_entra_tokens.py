"""Tokens of Microsoft Entra at the real Envoy: whose they are, which are refused, and what is left of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from planning.plan import metrics
from planning.plan.endpoint import CLIENT_HEADER, SIGNED_IN_HEADER, TENANT_HEADER
from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.conditions import complaints
from tests.oracles.envoy_gateway.directory import Directory
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.test_tenants import MODELS, error

STACK: Final = "prod"
AUDIENCE: Final = "a0a0a0a0-0000-4000-8000-00000000000a"
READERS, WRITERS, ROBOT = (f"{number}{number}{number}{number}0000-0000-4000-8000-000000000000" for number in "123")


def change(sections: Sections) -> None:
    """`search` has a key, a group and a role, `assistant` a key as well, and `robot` no key."""
    assistant, search = sections["tenants"]
    sections["gateway"] |= {"entra": {"audience": AUDIENCE}, "prefix_cache": "shared"}
    search |= {"entra": {"groups": [READERS], "roles": ["Models.Search"]}, "models": ["reasoning"]}
    assistant |= {"entra": {"groups": [WRITERS]}, "models": ["chat", "reasoning"]}
    sections["tenants"] = [search, assistant, {"name": "robot", "api_keys": False, "entra": {"applications": [ROBOT]}}]


class _Gateway:
    def __init__(
        self, rig: Rig, folder: Path, *, named: str | None = None, edit: Callable[[Sections], None] = change
    ) -> None:
        objects = objects_of(STACK, edit, by_tenant=True)
        self.rig, self.directory = rig, Directory(rig, folder, objects, name=named)
        self.directory.publish("first")
        self.objects = [
            *self.directory.objects(objects),
            *secrets_of(STACK, folder, {"search": "key", "assistant": "k2"}),
        ]
        listeners = of_kind(objects, "Gateway")[0]["spec"]["listeners"]
        self.options = {"host": listeners[0]["hostname"], "port": listeners[-1]["port"], "model": "reasoning"}
        for backend in of_kind(objects, "Backend"):
            host = backend["spec"]["endpoints"][0]["fqdn"]["hostname"]
            if host != self.directory.host:
                rig.resolve(host, ["127.0.0.11"])
        rig.serve("first", "127.0.0.11")
        rig.apply(self.objects)

    def ask(self, token: str | None, **options: Any) -> dict[str, Any]:
        return self.rig.run("one", **(self.options | {"key": token} | options))

    def refusal(self, token: str | None, **options: Any) -> tuple[int, str, str]:
        answer = self.ask(token, **options)
        found = error(answer)
        return answer["status"], found["code"], found["message"]


@pytest.fixture(scope="module")
def gateway(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> _Gateway:
    made = _Gateway(start_rig(), tmp_path_factory.mktemp("directory"))
    made.rig.wait(lambda: bool(made.directory.requested()), "the keys to be requested")
    return made


def test_every_object_is_accepted(gateway: _Gateway) -> None:
    ours = {("SecurityPolicy", "llm-gateway/llm-tokens"), ("Backend", "llm-gateway/llm-tokens")}
    gateway.rig.wait(lambda: gateway.rig.conditions().keys() >= ours, f"a status of {ours}")
    # A host has no load balancer; and each route of the AI gateway's ends with a rule for every request.
    known = ("AddressNotAssigned", "RouteRulesOverlap")
    found = [text for text in complaints(gateway.rig.conditions()) if not any(reason in text for reason in known)]
    assert found == []


@pytest.mark.parametrize(
    ("claims", "tenant"),
    [
        ({"groups": [READERS]}, "search"),
        ({"groups": ["someone-else", WRITERS]}, "assistant"),
        ({"roles": ["Models.Search"]}, "search"),
        ({"azp": ROBOT}, "robot"),
        # In two: the first of the stack file, whatever the order in the token.
        ({"groups": [WRITERS, READERS]}, "search"),
        ({"groups": [WRITERS], "azp": ROBOT}, "assistant"),
        # Groups are left out of it, and the role says enough.
        ({"roles": ["Models.Search"], "_claim_names": {"groups": "src1"}}, "search"),
    ],
)
def test_a_token_s_bearer_is_the_tenant_of_its_group_role_or_application(
    gateway: _Gateway, claims: dict[str, Any], tenant: str
) -> None:
    answer = gateway.ask(gateway.directory.token(**claims))

    assert answer["status"] == 200
    seen = dict(json.loads(answer["text"])["headers"])
    assert (seen[CLIENT_HEADER], seen[TENANT_HEADER]) == (tenant, tenant)
    assert "authorization" not in seen


def test_a_tenant_finds_the_models_that_it_may_use(gateway: _Gateway) -> None:
    token = gateway.directory.token(groups=[READERS])

    listed = gateway.ask(token, path=MODELS, method="GET")
    assert [model["id"] for model in json.loads(listed["text"])["data"]] == ["reasoning"]
    assert gateway.refusal(token, model="chat")[:2] == (404, "model_not_found")
    assert gateway.ask(gateway.directory.token(groups=[WRITERS]), model="chat")["status"] == 200


@pytest.mark.parametrize("name", [CLIENT_HEADER, TENANT_HEADER, SIGNED_IN_HEADER])
def test_a_client_cannot_say_who_it_is(gateway: _Gateway, name: str) -> None:
    for value in ("search", "tokens"):
        nobody = gateway.refusal(gateway.directory.token(), headers={name: value})
        assert nobody[:2] == (403, "no_tenant")
        answer = gateway.ask(gateway.directory.token(groups=[WRITERS]), headers={name: value})
        assert dict(json.loads(answer["text"])["headers"])[TENANT_HEADER] == "assistant"


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": 1_700_000_000, "nbf": None}, "Jwt is expired"),
        ({"nbf": 4_000_000_000}, "Jwt not yet valid"),
        ({"aud": "api://llm"}, "made out to another application"),
        ({"aud": "b0b0b0b0-0000-4000-8000-00000000000b"}, "made out to another application"),
        ({"iss": "https://sts.windows.net/00000000-0000-4000-8000-000000000001/"}, "requestedAccessTokenVersion 2"),
        ({"iss": "https://login.microsoftonline.com/ffffffff-0000-4000-8000-000000000001/v2.0"}, "this directory"),
        # An ID token of the same application.
        ({"azp": None}, "it is no access token"),
        ({"algorithm": "none"}, "The token is refused"),
        ({"algorithm": "HS256"}, "The token is refused"),
        ({"key": "another", "kid": "first"}, "Jwt verification fails"),
        ({"key": "another"}, "The token is refused"),
    ],
)
def test_a_bad_token_is_refused_with_the_reason(gateway: _Gateway, claims: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"groups": [READERS], **claims}
    status, code, message = gateway.refusal(gateway.directory.token(**given))

    assert (status, code) == (401, "invalid_token")
    assert says in message


def test_without_a_token_or_with_a_key_nobody_gets_in(gateway: _Gateway) -> None:
    token = gateway.directory.token(groups=[READERS])
    assert gateway.refusal(None)[:2] == (401, "invalid_token")
    assert "Authorization: Bearer TOKEN" in gateway.refusal(None)[2]
    # In the address it isn't read: addresses are logged on the way.
    assert gateway.refusal(None, path=f"/v1/chat/completions?access_token={token}")[:2] == (401, "invalid_token")
    assert gateway.refusal(None, path=MODELS, method="GET")[0] == 401
    for key in ("key", "k2"):
        assert gateway.refusal(key)[0] == 401
    # Nor does a token open the listener of keys.
    assert gateway.refusal(token, port=443)[:2] == (401, "invalid_api_key")


def test_the_bearer_of_a_good_token_that_is_no_tenant_gets_403(gateway: _Gateway) -> None:
    nobody = gateway.directory.token(groups=["ffff0000-0000-4000-8000-000000000000"], roles=["models.search"])
    assert gateway.refusal(nobody)[:2] == (403, "no_tenant")


@pytest.mark.parametrize("left_out", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}])
def test_more_groups_than_fit_into_a_token_are_named_as_the_reason(gateway: _Gateway, left_out: dict[str, Any]) -> None:
    status, code, message = gateway.refusal(gateway.directory.token(**left_out))
    assert (status, code) == (403, "groups_overage")
    assert "app role" in message


@pytest.mark.parametrize(
    "request_", [{"path": "/metrics", "method": "GET"}, {"method": "DELETE"}, {"path": "//v1/models", "method": "GET"}]
)
def test_other_paths_are_closed_here_as_well(gateway: _Gateway, request_: dict[str, Any]) -> None:
    assert gateway.refusal(gateway.directory.token(groups=[READERS]), **request_)[:2] == (403, "not_served")


def test_the_proxies_log_has_no_token(gateway: _Gateway) -> None:
    sent = [gateway.directory.token(groups=[READERS]), gateway.directory.token(aud="api://llm")]

    def logs() -> list[str]:
        return [file.read_text(errors="replace") for file in gateway.rig.directory.rglob("*.log")]

    for token in sent:
        gateway.ask(token, path=f"/v1/completions?access_token={token}")
    gateway.rig.wait(lambda: any('"path":"/v1/completions"' in log for log in logs()), "the access log")
    assert not [log for log in logs() for token in sent if token.rpartition(".")[2] in log]


def test_keys_are_requested_at_the_directory_s_own_address(gateway: _Gateway) -> None:
    tenant = gateway.directory.issuer.split("/")[3]
    assert set(gateway.directory.requested()) == {f"{gateway.directory.host}/{tenant}/discovery/v2.0/keys"}


def test_a_new_key_is_taken_and_an_old_one_is_not_once_it_is_gone(gateway: _Gateway) -> None:
    old, new = (gateway.directory.token(key, groups=[READERS]) for key in ("first", "second"))
    gateway.directory.publish("first", "second")
    gateway.rig.wait(lambda: gateway.ask(new)["status"] == 200, "the new key")
    assert gateway.ask(old)["status"] == 200

    gateway.directory.publish("second")
    gateway.rig.wait(lambda: gateway.ask(old)["status"] == 401, "the old key to go")
    assert gateway.ask(new)["status"] == 200
    gateway.directory.publish("first", "second")
    gateway.rig.wait(lambda: gateway.ask(old)["status"] == 200, "the old key to be back")


def test_keys_once_had_are_used_while_there_are_none_to_be_had(gateway: _Gateway) -> None:
    failed_before = _keys_not_fetched(gateway)
    (gateway.directory.folder / "keys.json").unlink()
    before = len(gateway.directory.requested())
    gateway.rig.wait(lambda: len(gateway.directory.requested()) > before + 2, "failed questions for the keys")

    assert gateway.ask(gateway.directory.token(groups=[READERS]))["status"] == 200
    gateway.rig.wait(lambda: _keys_not_fetched(gateway) > failed_before, "the failures to be counted")
    gateway.directory.publish("first", "second")


def _keys_not_fetched(gateway: _Gateway) -> int:
    """How often proxies could not fetch the keys, by the series that `TokenKeysNotFetched` reads."""
    lines = gateway.rig.admin("/stats/prometheus").splitlines()
    return sum(int(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{metrics.TOKEN_KEY_FAILURES}{{"))


def test_without_the_script_nobody_gets_in(gateway: _Gateway) -> None:
    def script(item: Object) -> bool:
        return item["kind"] == "EnvoyExtensionPolicy"

    gateway.rig.apply([item for item in gateway.objects if not script(item)])
    try:
        gateway.rig.wait(
            lambda: gateway.ask(gateway.directory.token(groups=[READERS]))["status"] == 403, "the script to go"
        )
    finally:
        gateway.rig.apply(gateway.objects)


def test_keys_of_somebody_who_poses_as_the_directory_are_not_taken(
    start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """His certificate is of a trusted authority, and for another name."""
    gateway = _Gateway(start_rig(), tmp_path_factory.mktemp("impostor"), named="login.impostor.example")

    status, code, message = gateway.refusal(gateway.directory.token(groups=[READERS]))

    assert (status, code) == (401, "invalid_token")
    assert "the keys to check it with can't be fetched" in message
    assert gateway.directory.requested() == []


def test_where_nobody_has_a_key_443_takes_tokens(
    start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory
) -> None:
    def keyless(sections: Sections) -> None:
        change(sections)
        sections["tenants"] = sections["tenants"][2:]
        sections["gateway"].pop("prefix_cache")

    gateway = _Gateway(start_rig(), tmp_path_factory.mktemp("keyless"), edit=keyless)

    gateway.rig.wait(lambda: gateway.ask(gateway.directory.token(azp=ROBOT))["status"] == 200, "the keys")
    assert gateway.options["port"] == 443
    assert gateway.refusal("key")[:2] == (401, "invalid_token")
    assert gateway.refusal(gateway.directory.token())[:2] == (403, "no_tenant")
