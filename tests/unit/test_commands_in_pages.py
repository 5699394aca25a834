"""Commands that pages and findings tell people to run put no secret into the list of processes."""

import re

import pytest

from tests.repository import ROOT, files

_NOT_PAGES = ("tests/", "docs/adr/")
# `--secret NAME` and then a value, which is neither a redirection, a pipe, a comment nor the end of the command.
_VALUE = re.compile(r"config set --secret [\w-]+ +(?![<|#;`)&])(?!and )[^\s`]")
_ARGUMENTS = (_VALUE, re.compile(r"keyvault secret set\b[^`\n]*--value"), re.compile(r"\$\((cat|openssl)\b"))


def commands_with_secrets(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if any(pattern.search(line) for pattern in _ARGUMENTS)]


def test_no_page_and_no_message_puts_a_secret_on_a_command_line() -> None:
    found = {}
    for file in files(".md", ".py"):
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(_NOT_PAGES) and (lines := commands_with_secrets(file.read_text(encoding="utf-8"))):
            found[path] = lines
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "$ pulumi config set --secret key-a s3cret",
        'pulumi config set --secret certificate "$(cat file.pem)"',
        "pulumi config set --secret key-a …",
        "az keyvault secret set --vault-name VAULT --name key-a --value KEY",
    ],
)
def test_such_a_command_is_found(line: str) -> None:
    assert commands_with_secrets(line)


@pytest.mark.parametrize(
    "line",
    [
        "$ pulumi config set --secret certificate < file.pem   # PEM",
        "$ openssl rand -hex 24 | pulumi config set --secret key-a",
        "$ pulumi config set --secret webhook         # asks for it",
        "Secrets set with `pulumi config set --secret` have names",
        "az keyvault secret set --vault-name VAULT --name key-a --file FILE",
    ],
)
def test_a_command_that_reads_a_file_or_asks_is_none(line: str) -> None:
    assert not commands_with_secrets(line)


def test_the_first_update_names_a_secrets_provider() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    (created,) = re.findall(r"^\$ pulumi stack (?:init|select --create) .*$", text, re.MULTILINE)
    assert "--secrets-provider 'azurekeyvault://" in created
    assert "passphrase" in text
