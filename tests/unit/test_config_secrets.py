"""Credentials are found by their shape or their key, wherever they are, and never repeated."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import CATALOG, changed

import config
from config.secrets import HIDDEN, looks_secret, secret_literals, secret_places, without_secret_keys
from planning import assess

SECRETS = [
    "hf_" + "AbCdEfGhIjKlMnOpQrSt",
    "sk-" + "proj-abcdefghijklmnop",
    "ghp_" + "abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJI." + "eyJzdWIiOiIx.",
    "A" * 86 + "==",
    "https://acme.blob.core.windows.net/weights?sv=1&sig=" + "abcdefghijklmnopqrstu%3D",
    "-----BEGIN RSA PRIVATE " + "KEY-----",
    "https://user:" + "passw0rd@collector.acme.example:4317/v1",
]
HARMLESS = [
    "hf_hub", "Qwen/Qwen3-8B", "b968826d9c46dd6066d109eabc6255188de91218", "key-playground",
    "task-abcdefghijklmnopqrst",
    "gateway-certificate", "risk-assessment-of-the-platform", "00000000-0000-4000-8000-000000000001", "10.20.0.0/16",
    "http://collector.acme.example:4317/a@b", "az://weights/qwen3-8b", "mailto:a@acme.example",
]  # fmt: skip
PLACES = [
    "platform.name", "platform.region", "platform.tags.owner", "cluster.kubernetes", "cluster.admin_groups",
    "cluster.system_pool.vm_size", "pools[0].name", "pools[0].vm_size", "pools[0].gpu.layout", "pools[0].taints",
    "models[0].name", "models[0].pool", "models[0].slice", "models[0].source.huggingface", "models[0].source.revision",
    "models[0].engine.version", "models[0].engine.kv_cache_dtype", "models[0].engine.args.seed",
    "models[0].engine.args.unknown-option", "models[0].engine.args.dtype", "models[0].engine.args.quantization",
    "models[0].engine.args.reasoning-parser", "models[0].engine.args.max-model-len", "models[0].unknown",
    "gateway.hostname", "gateway.certificate", "tenants[0].key_secret", "security.hugging_face_token", "quota",
    "network.address_space", "nothing", "models", "pools[0]",
]  # fmt: skip


@pytest.mark.parametrize("key", ["secret", "key_secret", "token_secret", "certificate", "hugging_face_token"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0123456789abcdef" * 2, True),
        ("0123456789abcdef" * 3, True),
        ("R0" + "ABCDEF0123456789ABCDEF01234567", True),
        ("https://chat.acme.example/hooks/" + "abc", True),
        ("https://kv-acme.vault.azure.net/secrets/slack", False),
        ("slack-webhook", False),
        ("key-0123456789abcdef0123456789abcdef", False),
        ("deadbeef", False),
    ],
)
def test_a_key_where_the_name_of_a_secret_belongs(key: str, value: str, *, found: bool) -> None:
    assert secret_places({"a": {key: value}}) == ([("a", key)] if found else [])
    assert secret_places({"a": {"name": value}}) == []


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com/services/T0/B0/" + "abcdefgh",
        "https://hooks.slack-gov.com/services/T0/B0/" + "abcdefgh",
        "https://acme.webhook.office.com/webhookb2/" + "abc@def/IncomingWebhook/ghi/jkl",
        "https://prod-42.westeurope.logic.azure.com:443/workflows/0a/" + "triggers/manual/paths/invoke",
        "https://default0a.api.powerplatform.com:443/powerautomate/workflows/0a/" + "triggers/manual/paths/invoke",
        "https://discord.com/api/webhooks/1/" + "abc",
        "https://events.pagerduty.com/integration/0123/" + "enqueue",
    ],
)
def test_addresses_of_webhooks_are_credentials_wherever_they_are(address: str) -> None:
    assert looks_secret(address)
    assert secret_places({"anything": [address]}) == [("anything", 0)]


@pytest.mark.parametrize("value", SECRETS)
def test_shapes_of_credentials(value: str) -> None:
    assert looks_secret(value)
    assert looks_secret(f"text around {value} it")


@pytest.mark.parametrize("value", [*HARMLESS, None, 5, True, [], {}])
def test_values_that_are_not_credentials(value: object) -> None:
    assert not looks_secret(value)
    assert secret_literals(value) == []


@pytest.mark.parametrize(
    "key", ["api_key", "api-key", "hf_token", "password", "client_secret", "clientSecret", "my-password"]
)
def test_keys_that_ask_for_a_credential(key: str) -> None:
    assert secret_places({"a": [{key: "anything"}]}) == [("a", 0, key)]
    assert secret_places({key: {"secure": "AAABADz"}}) == []


@pytest.mark.parametrize(
    "key", ["key_secret", "hugging_face_token", "tokenizer", "max-num-batched-tokens", "certificate"]
)
def test_keys_that_hold_names(key: str) -> None:
    assert secret_places({key: "name-of-a-secret"}) == []


def test_the_shipped_stack_holds_none() -> None:
    assert secret_literals(changed({})) == []


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("secret", SECRETS[:2])
@pytest.mark.parametrize("shape", ["value", "list", "mapping", "key"])
def test_a_credential_anywhere_is_reported_and_never_repeated(path: str, secret: str, shape: str) -> None:
    value: Any = {"value": secret, "list": ["a", secret], "mapping": {"b": {"c": secret}}, "key": {secret: "a"}}[shape]
    loaded = config.load(changed({path: value}))
    planned = assess(loaded, CATALOG)
    assert planned.plan is None
    assert any(finding.rule == "SEC-LITERAL" and finding.path.startswith(path) for finding in planned.findings)
    assert secret not in repr(planned.findings)
    assert secret not in repr(loaded)


@given(st.recursive(st.sampled_from([*SECRETS, *HARMLESS]), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_every_credential_is_reported_at_its_own_path(value: Any) -> None:
    def count(inner: Any) -> int:
        return sum(map(count, inner)) if isinstance(inner, list) else int(inner in SECRETS)

    found = secret_places(value)
    assert len(found) == len(set(found)) == count(value)


def test_keys_are_hidden_and_nothing_else_changes() -> None:
    value = {"a": [{SECRETS[0]: 1}], "b": 2}
    assert without_secret_keys(value) == {"a": [{HIDDEN: 1}], "b": 2}
    assert without_secret_keys(changed({})) == changed({})
