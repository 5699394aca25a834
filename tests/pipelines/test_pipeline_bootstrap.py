"""What is made before the first update: each command is printed first, can be run again, and gives the least rights."""

import shlex
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from pipelines.__main__ import main
from pipelines.bootstrap import FAILED, FINE, Wanted, bootstrap, planned

WANTED = Wanted(
    stack="prod", name="acme-llm", suffix="x7f", region="eastus", subscription="00000000-0000-4000-8000-000000000004",
    repository="acme/llm",
)  # fmt: skip
_IDS = {"id-acme-llm-update-prod": "updating-id", "id-acme-llm-preview-prod": "previewing-id"}


class Azure:
    """The Azure CLI, as far as it is called: `show` fails for what is not there (exit code 3, ResourceNotFound)."""

    def __init__(self, fails_at: str = "") -> None:
        self.commands: list[list[str]] = []
        self.seen: list[list[str]] = []
        self.there: set[str] = set()
        self.fails_at = fails_at

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        words = list(command)
        self.seen.append(words)
        verbs = " ".join(word for word in words[1:5] if not word.startswith("-"))
        if self.fails_at and self.fails_at in " ".join(words):
            return 1, "(AuthorizationFailed) no"
        if "principalId" in words:
            return 0, f"{_IDS[words[words.index('--name') + 1]]}\n"
        if "signed-in-user" in words:
            return 0, "admin-id\n"
        if " show" in f" {verbs}":
            return (0, "{}") if self._thing(words) in self.there else (3, "(ResourceNotFound)")
        self.commands.append(words)
        self.there.add(self._thing(words))
        return 0, ""

    @staticmethod
    def _thing(words: list[str]) -> str:
        kind = " ".join(
            words[1 : words.index("create") if "create" in words else words.index("show") if "show" in words else 3]
        )
        return f"{kind} {words[words.index('--name') + 1] if '--name' in words else ''}"


def _granted(azure: Azure) -> set[tuple[str, str, str]]:
    """Role, whose, and the last part of the scope."""
    return {
        (
            words[words.index("--role") + 1],
            words[words.index("--assignee-object-id") + 1],
            words[words.index("--scope") + 1],
        )
        for words in azure.commands
        if "assignment" in words
    }


def test_every_command_is_printed_before_it_runs() -> None:
    azure, printed = Azure(), []
    assert bootstrap(WANTED, azure, printed.append) == FINE
    shown = [line for line in printed if line.startswith("$ ")]
    assert shown == [f"$ {shlex.join(words)}" for words in azure.seen]
    assert f"azurekeyvault://{WANTED.vault}.vault.azure.net/keys/pulumi" in printed[-1]
    assert f"azblob://prod?storage_account={WANTED.account}" in printed[-1]


def test_the_second_time_makes_no_second_vault_key_or_container() -> None:
    azure: Azure = Azure()
    printed: list[str] = []
    assert bootstrap(WANTED, azure, printed.append) == FINE
    first = len(azure.commands)
    printed.clear()
    assert bootstrap(WANTED, azure, printed.append) == FINE
    again = azure.commands[first:]
    assert not [words for words in again if words[1] == "keyvault" or "container-rm" in words]
    assert sum(line.startswith("there already") for line in printed) == 3


def test_the_identity_of_pull_requests_may_only_read() -> None:
    azure = Azure()
    bootstrap(WANTED, azure, lambda _: None)
    granted = _granted(azure)
    previewing = {role for role, whose, _ in granted if whose == "previewing-id"}
    assert previewing == {
        "Reader", "Storage Blob Data Reader", "Key Vault Crypto User", "Azure Kubernetes Service Cluster User Role",
    }  # fmt: skip
    assert ("Contributor", "updating-id", f"/subscriptions/{WANTED.subscription}") in granted
    assert not [role for role, _, _ in granted if role == "Owner"]
    subjects = [words[words.index("--subject") + 1] for words in azure.commands if "--subject" in words]
    assert subjects == ["repo:acme/llm:environment:prod", "repo:acme/llm:environment:preview-prod"]


@pytest.mark.parametrize(
    "step", ["identity create", "storage account create", "keyvault key create", "role assignment"]
)
def test_it_stops_at_the_first_command_that_fails_and_says_why(step: str) -> None:
    azure, printed = Azure(step), []
    assert bootstrap(WANTED, azure, printed.append) == FAILED
    assert printed[-1] == "(AuthorizationFailed) no"


def test_state_has_no_keys_and_is_kept_after_a_deletion() -> None:
    text = "\n".join(planned(WANTED))
    for words in (
        "--allow-shared-key-access false", "--allow-blob-public-access false", "--enable-versioning true",
        "--delete-retention-days 30", "--enable-purge-protection true", "--min-tls-version TLS1_2",
    ):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("name", ["a", "acme-llm", "a-very-long-name-of-a-platform"])
def test_names_are_ones_that_azure_takes(name: str) -> None:
    wanted = Wanted(stack="dev", name=name, suffix="x7f", region="eastus", subscription="s", repository="a/b")
    assert wanted.account.isalnum()
    assert wanted.account.islower()
    assert 3 <= len(wanted.account) <= 24
    assert 3 <= len(wanted.vault) <= 24
    assert "--" not in wanted.vault


def test_only_printing_runs_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["bootstrap", "prod", "--repository", "acme/llm", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("az group create --name rg-acme-llm-state")
    assert main(["bootstrap", "nope", "--repository", "acme/llm", "--dry-run"]) == 1
    assert "nope" in capsys.readouterr().err


def test_two_stacks_of_one_platform_have_names_of_their_own() -> None:
    dev = replace(WANTED, stack="dev", subscription="00000000-0000-4000-8000-000000000002")
    for name in ("group", "account", "vault", "updating", "previewing", "state", "key"):
        assert getattr(dev, name) != getattr(WANTED, name)


def test_without_the_azure_cli_nothing_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["bootstrap", "dev", "--repository", "acme/llm"]) == 2
    assert "az is not installed" in capsys.readouterr().err
