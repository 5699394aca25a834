"""Wherever a secret is written in a stack file, the file is refused and no output repeats the secret."""

import pytest
from written_anywhere import Place, every_place, outputs, written

from config.secrets import names_a_secret

# In two parts, so that no scanner takes this file for a leak.
SHAPED = (
    "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx",
    "sk-" + "proj-abcdefghijklmnop0123",
    "ghp_" + "abcdefghijklmnopqrstuvwxyz0123",
    "glpat-" + "abcdefghij0123456789",
    "dckr_pat_" + "abcdefghijklmnopqrstuvwxyz0",
    "xoxb-" + "123456789012-abcdefghijkl",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "abc8Q~" + "abcdefghijklmnopqrstuvwxyz01234567",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJl",
    "Vm9sdW1lIG9mIHJhbmRvbSBieXRlcyBmb3IgYSB0" + "ZXN0Lg==",
    "https://collector:" + "hunter2@collector.acme.example/v1",
    "alerts:" + "hunter2@smtp.acme.example:587",
    "AccountKey=" + "abcdefghijklmnopqrstuvwx",
    "Authorization: Bearer " + "abcdefghijklmnop",
    "-----BEGIN PRIVATE " + "KEY-----MIIEvQIBADANBg",
)
# Where the name of a secret belongs, these are secrets too, or no names at all.
IN_PLACE_OF_A_NAME = (
    *SHAPED,
    "0123456789abcdef0123456789abcdef0123456789abcdef",
    "5f2b1c9e-77aa-4c1d-9e0f-3b2a1d4c5e6f",
    "q7Wm2ZpL9xKd4TnB8vRc3YsH",
    "k3jd8s0f2ma9x7qp1zc6",
    "Sup3r/Secret+Key==",
    "correct horse battery staple",
    "p\N{LATIN SMALL LETTER A WITH DIAERESIS}ssw0rd",
)
EVERY = every_place()
NAMES = [(stack, place) for stack, place in EVERY if names_a_secret(place[-1])]


def settings(place: Place, value: object) -> str:
    """The development stack with another value at a place below its sections, whether it has that section or not."""
    section, *keys = place
    whole: Place = ("config", f"llm-platform:{section}")
    if section in ("registry", "security", "observability") and keys:
        return written("dev", whole, {keys[0]: value})
    return written("dev", (*whole, *keys), value)


def shown(place: Place) -> str:
    return ".".join(map(str, place)).removeprefix("config.llm-platform:")


def test_every_kind_of_place_is_among_those_that_are_tried() -> None:
    tried = {shown(place) for _, place in EVERY}
    assert {"platform.name", "models.0.source.blob", "gateway.certificate", "tenants.0.key_secret"} <= tried
    assert len(NAMES) >= 5


@pytest.mark.parametrize(("number", "stack", "place"), [(number, *each) for number, each in enumerate(EVERY)])
def test_a_secret_at_any_place_is_refused_and_not_repeated(number: int, stack: str, place: Place) -> None:
    for secret in (SHAPED[number % len(SHAPED)], SHAPED[(number + 5) % len(SHAPED)]):
        accepted, text = outputs(written(stack, place, secret))
        assert not accepted
        assert "SEC-LITERAL" in text
        assert secret not in text
        assert secret.rpartition(" ")[2] not in text


@pytest.mark.parametrize("secret", IN_PLACE_OF_A_NAME)
def test_a_secret_in_place_of_its_name_is_refused_and_not_repeated(secret: str) -> None:
    for stack, place in NAMES:
        accepted, text = outputs(written(stack, place, secret))
        assert not accepted, shown(place)
        assert secret not in text, shown(place)


@pytest.mark.parametrize("value", [["Sup3r/Key"], {"value": "Sup3r/Key"}, [{"value": "Sup3r/Key"}]])
def test_nor_is_it_inside_a_list_or_a_mapping_there(value: object) -> None:
    for stack, place in NAMES:
        accepted, text = outputs(written(stack, place, value))
        assert not accepted
        assert "Sup3r" not in text


@pytest.mark.parametrize(("stack", "place"), NAMES)
def test_nor_where_the_mapping_around_it_is_misplaced(stack: str, place: Place) -> None:
    """`clients: {key_secret: …}` in place of a list: the finding is about the mapping."""
    holder, key = place[:-1], place[-1]
    list_of_it = holder[:-1] if isinstance(holder[-1], int) else holder
    for value in ({key: "Sup3r/Key"}, [[{key: "Sup3r/Key"}]], {"a": {key: "Sup3r/Key"}}):
        _, text = outputs(written(stack, list_of_it, value))
        assert "Sup3r" not in text


@pytest.mark.parametrize(
    "place",
    [
        ("registry", "docker_hub"),
        ("registry",),
        ("security",),
        ("security", "vault"),
        ("gateway",),
        ("tenants",),
        ("gateway", "limits"),
        ("observability",),
        ("observability", "receivers"),
    ],
)
@pytest.mark.parametrize("value", ["Winter2026!", ["me", "Winter2026!"], [["me", "Winter2026!"]], 20261231])
def test_nor_where_a_section_with_its_name_belongs(place: Place, value: object) -> None:
    accepted, text = outputs(settings(place, value))
    assert not accepted
    assert ".".join(map(str, place)) in text
    assert "2026" not in text


@pytest.mark.parametrize("value", ["Winter2026!", ["Winter2026!"]])
def test_nor_where_the_mapping_beside_its_name_belongs(value: object) -> None:
    receiver = {"name": "on-call", "kind": "email", "secret": "mail", "email": value}
    accepted, text = outputs(settings(("observability",), {"receivers": [receiver]}))
    assert not accepted
    assert "observability.receivers[0].email" in text
    assert "Winter2026!" not in text


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("registry", "docker_hub"), {"user": "me", "pass": "Winter2026!"}),
        (("registry", "pass"), "Winter2026!"),
        (("observability", "receivers"), [{"name": "a", "kind": "email", "email": {"pass": "Winter2026!"}}]),
        (("tenants",), [{"name": "a", "pass": "Winter2026!"}]),
    ],
)
def test_nor_at_an_unknown_key_beside_its_name(place: Place, value: object) -> None:
    accepted, text = outputs(settings(place, value))
    assert not accepted
    assert "pass" in text
    assert "Winter2026!" not in text


def test_where_no_secret_belongs_the_value_is_shown() -> None:
    for place in (("network",), ("cluster", "maintenance")):
        _, text = outputs(settings(place, "Winter2026!"))
        assert "Winter2026!" in text


@pytest.mark.parametrize("secret", ["Sup3rSecretKey", "Sup3r/Secret+Key=="])
def test_nor_in_the_line_of_a_file_that_is_not_yaml(secret: str) -> None:
    for stack, place in NAMES:
        text = written(stack, place, "THE-NAME").replace("THE-NAME", f"{secret}: x")
        accepted, output = outputs(text)
        assert not accepted
        assert secret not in output


def test_nor_in_the_line_of_another_mistake() -> None:
    text = written("dev", ("config", "llm-platform:tenants", 0), "CLIENT").replace(
        "CLIENT", "{name: a, key_secret: Sup3rSecretKey, nmae: b}"
    )
    accepted, output = outputs(text)
    assert not accepted
    assert "nmae" in output
    assert "Sup3r" not in output


@pytest.mark.parametrize(
    "name",
    [
        "gateway-certificate",
        "GatewayCertificateProduction2026",
        "key-team-1-search-2",
        "tls2026",
        "v1-key-v2",
        "hf-token",
    ],
)
def test_names_of_secrets_are_no_secrets(name: str) -> None:
    accepted, output = outputs(written("dev", ("config", "llm-platform:gateway", "certificate"), name))
    assert accepted, output
