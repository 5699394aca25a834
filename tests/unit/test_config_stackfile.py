"""Stack files are read as Pulumi reads them, and nothing that can be written in one makes the reader fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config.stackfile import parse


def value_of(text: str) -> Any:
    read = parse(f"config:\n  llm-platform:platform: {text}\n")
    assert read.problems == ()
    return read.sections["platform"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("2026-11-24", "2026-11-24"), ("2026-11-24T01:00:00Z", "2026-11-24T01:00:00Z"), ("01:30", "01:30"),
        ("0.33.0", "0.33.0"), ("1.36", 1.36), ("1_000", "1_000"), ("12345e10", 123450000000000.0), ("1e3", 1000.0),
        ("010", 10), ("09", 9), ("0o17", 15), ("0x1F", 31), ("-7", -7), ("+7", 7), (".5", 0.5), ("1.", 1.0),
        ("'1.36'", "1.36"), ('"true"', "true"), ("3g.47gb", "3g.47gb"), ("=", "="),
        ("{a: [1, x, {b: off}]}", {"a": [1, "x", {"b": "off"}]}),
    ],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_infinity_and_nan() -> None:
    assert value_of(".inf") == float("inf")
    assert value_of("-.INF") == -float("inf")
    assert value_of(".NaN") != value_of(".nan")


def test_what_the_cli_and_other_packages_write_is_accepted() -> None:
    read = parse(
        "secretsprovider: azurekeyvault://vault.vault.azure.net/keys/pulumi\n"
        "encryptedkey: AAAA\nencryptionsalt: v1:abc\nbackend: {url: azblob://state}\nenvironment: [shared]\n"
        "config:\n"
        "  azure-native:location: eastus\n"
        "  azure-native:clientSecret: {secure: AAABADz}\n"
        "  aws:profile: x\n"
        "  llm-platform:hugging-face: {secure: AAABADz}\n"
        "  llm-platform:key-playground: {secure: AAABADy}\n"
        "  llm-platform:quota: {}\n"
    )
    assert read.problems == ()
    assert read.sections == {"quota": {}}
    assert read.secrets == ("hugging-face", "key-playground")


def test_a_section_is_never_taken_for_a_secret() -> None:
    read = parse("config:\n  llm-platform:security: {secure: AAABADz}\n")
    assert read.secrets == ()
    assert read.sections == {"security": {"secure": "AAABADz"}}


def test_of_duplicate_keys_the_last_counts_and_both_lines_are_reported() -> None:
    read = parse(
        "config:\n  llm-platform:cluster:\n    tier: Free\n    nested: [{a: 1}, {b: 1, b: 2}]\n    tier: Premium\n"
    )
    assert read.sections["cluster"] == {"tier": "Premium", "nested": [{"a": 1}, {"b": 2}]}
    found = [(finding.rule, finding.path, finding.message) for finding in read.problems]
    assert ("CFG-TWICE", "cluster.tier", "given twice, on lines 3 and 5") in found
    assert ("CFG-TWICE", "cluster.nested[1].b", "given twice, on lines 4 and 4") in found


def test_a_file_that_is_not_yaml_is_reported_once_without_findings_about_sections() -> None:
    read = parse("config: [\n")
    loaded = config.load(read.sections, read.problems)
    assert loaded.settings is None
    assert [finding.rule for finding in loaded.problems] == ["CFG-YAML"]


@pytest.mark.parametrize(
    "text",
    [
        "config: {llm-platform:platform: !!python/object:os.system x}", "a: &x [*x]", "config: &a {b: *a}",
        "? {a: b}\n: 1", "? [a]\n: 1", "config:\n  ? {a: 1}\n  : 2", "%YAML 9.9\n---\nconfig: {}", "a: b\n---\nc: d",
        "\x00", "config: *unknown", "{", "'", "config: {1: 2, null: 3, true: 4}", "- - -", "config: !!int x",
        "config: !!float x", "config: !!map [1]", "config: !!binary =",
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_stack_file_is_reported_and_never_raises(text: str) -> None:
    read = parse(text)
    assert config.load(read.sections, read.problems).problems


@given(st.text(alphabet="abc:{}[]-#&*!|>'\"%@`, \n\t?0.1e", max_size=40))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    parse(text)
    parse(f"config:\n  llm-platform:platform: {text}")


def test_secrets_never_reach_the_message_about_text_that_is_not_yaml() -> None:
    token = "hf_" + "AbCdEfGhIjKlMnOpQrSt"
    for text in (f"config: *{token}", f"config: [{token}\n", f"{token}: &{token}", f"config:\n  {token}: 1\n"):
        read = parse(text)
        assert read.problems
        assert token not in repr(read.problems)
