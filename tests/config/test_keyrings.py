"""`registry.keyrings`: each file is looked into before Helm needs it."""

import os
from pathlib import Path

import pytest

from config.findings import Finding
from config.keyrings import keyring_problems
from config.stackfile import parse
from preview.stack import assessed
from reading.texts import KEYRING_BYTES

ROOT = Path(__file__).resolve().parents[2]
STACK = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
# A public key packet in the old and in the new format.
OLD, NEW = b"\x99\x01\x0d\x04", b"\xc6\xc1\x4d\x04"


def stack(name: str) -> str:
    section = "  llm-platform:registry:\n"
    assert STACK.count(section) == 1
    return STACK.replace(section, f"{section}    keyrings: {{cert-manager: {name!r}}}\n")


def problems(folder: Path, name: str) -> list[Finding]:
    return [
        finding for finding in assessed(stack(name), folder=folder).findings if finding.path.startswith("registry.key")
    ]


@pytest.mark.parametrize("content", [OLD, NEW])
def test_a_keyring_of_public_keys_is_accepted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "ring.gpg").write_bytes(content + b"\0" * 500)
    assert problems(tmp_path, "keys/ring.gpg") == []


@pytest.mark.parametrize(
    ("content", "words", "fix"),
    [
        (None, "no such file", "gpg --export"),
        (b"", "doesn't begin like a keyring", "gpg --export"),
        (b"<!DOCTYPE html>", "doesn't begin like a keyring", "gpg --export"),
        (b"\x95\x01 a secret key", "doesn't begin like a keyring", "gpg --export"),
        (b"\0\0\0\x20\x01\x01\0\x02KBXf", "doesn't begin like a keyring", "gpg --export"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "armored text", "gpg --dearmor"),
        (OLD + b"\0" * KEYRING_BYTES, "larger than 1,024 KiB", "gpg --export"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, content: bytes | None, words: str, fix: str) -> None:
    if content is not None:
        (tmp_path / "ring.gpg").write_bytes(content)
    (found,) = problems(tmp_path, "ring.gpg")
    assert (found.severity, found.rule, found.path) == ("error", "CFG-KEYRING", "registry.keyrings.cert-manager")
    assert words in found.message
    assert fix in found.fix
    assert found.line is not None


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", ".", "pipe", "ring.gpg\0"])
def test_only_regular_files_are_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    given = {"registry": {"keyrings": {"cert-manager": name}}}
    (found,) = keyring_problems(given, tmp_path)
    assert "can't be read" in found.message


@pytest.mark.parametrize("given", [None, [], "text", {"keyrings": None}, {"keyrings": []}, {"keyrings": {"a": 1}}])
def test_what_is_not_a_mapping_of_names_is_left_to_validation(tmp_path: Path, given: object) -> None:
    assert keyring_problems({"registry": given}, tmp_path) == []


def test_the_shipped_stacks_name_none() -> None:
    assert parse(STACK).sections["registry"].get("keyrings") is None
