"""`llm-platform promote` from end to end: what is copied, what is left and why, and that a refusal changes nothing."""

import contextlib
import difflib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.app import PLATFORM, main

REPOSITORY = Path(__file__).resolve().parents[2]
DEV, PROD = ((REPOSITORY / f"Pulumi.{name}.yaml").read_text(encoding="utf-8") for name in ("dev", "prod"))
CHAT, NEWER = "b968826d9c46dd6066d109eabc6255188de91218", "0" * 39 + "1"
Edits = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str
    before: str
    after: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def copied(self) -> dict[str, tuple[str, str]]:
        return {each["path"]: (each["before"], each["after"]) for each in self.document["copied"]}

    @property
    def changed(self) -> list[str]:
        """The lines of the target that differ."""
        found = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), n=0, lineterm="")
        return [line[1:].strip() for line in found if line[0] == "+" and not line.startswith("+++")]


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def promote(folder: Path, source: str, target: str, *arguments: str, name: str = "prod") -> Outcome:
    """Promote one text to another, each in a file of its own."""
    theirs, ours = folder / "source.yaml", folder / "target.yaml"
    theirs.write_text(source, encoding="utf-8")
    ours.write_text(target, encoding="utf-8")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "120")
        code = main(["promote", "dev", name, "--source-file", str(theirs), "--target-file", str(ours), *arguments])
    assert sorted(path.name for path in folder.iterdir()) == ["source.yaml", "target.yaml"]
    return Outcome(code, printed.getvalue(), target, ours.read_text(encoding="utf-8"))


def test_versions_are_copied_and_nothing_else(tmp_path: Path) -> None:
    found = promote(tmp_path, DEV, edited(PROD, ('kubernetes: "1.36"', 'kubernetes: "1.35"  # since March')), "--yes")
    assert found.code == 0
    assert found.changed == ['kubernetes: "1.36"  # since March']
    assert "cluster.kubernetes: 1.35 → 1.36  (manual)" in found.text


def test_what_is_left_has_a_reason_each(tmp_path: Path) -> None:
    found = promote(tmp_path, DEV, PROD, "--json")
    left = {each["path"]: each["why"] for each in found.document["left"]}
    assert {
        "platform.environment", "platform.subscription_id", "network", "pools", "cluster.tier", "models.chat.replicas",
        "models.chat.pool", "models.embed", "models.large", "tenants", "gateway.hostname", "security.vault",
        "storage", "quota", "observability.receivers",
    } <= set(left)  # fmt: skip
    assert all(left.values())
    assert (found.code, found.copied, found.after) == (0, {}, PROD)


def test_no_value_of_what_is_left_is_shown(tmp_path: Path) -> None:
    found = promote(tmp_path, DEV, PROD, "--dry-run")
    assert "key-assistant" not in found.text
    assert "00000000-0000-4000-8000-000000000004" not in found.text


def test_weights_move_by_their_commit_where_they_come_from_the_same_place(tmp_path: Path) -> None:
    found = promote(tmp_path, edited(DEV, (CHAT, f'"{NEWER}"')), DEV, "--yes", name="dev")
    assert found.code == 0
    assert found.changed == [f'source: {{huggingface: Qwen/Qwen3-8B, revision: "{NEWER}"}}']


def test_weights_of_the_store_are_to_be_uploaded_first(tmp_path: Path) -> None:
    found = promote(
        tmp_path, edited(PROD, (f"blob: qwen3-8b/{CHAT}", f"blob: qwen3-8b/{NEWER}")), PROD, "--json", "--yes"
    )
    assert found.copied == {"models.chat.source.blob": (f"qwen3-8b/{CHAT}", f"qwen3-8b/{NEWER}")}
    assert "upload these files" in found.document["copied"][0]["do"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (edited(DEV, (CHAT, f'"{NEWER}"')), "weights come from elsewhere here"),
        (edited(PROD, (f"qwen3-8b/{CHAT}, model: Qwen/Qwen3-8B", f"other/{NEWER}, model: Qwen/Qwen2.5-7B-Instruct")),
         "it is another model"),
    ],
)  # fmt: skip
def test_other_weights_are_left(source: str, why: str, tmp_path: Path) -> None:
    found = promote(tmp_path, source, PROD, "--json", "--yes")
    assert why in {each["path"]: each["why"] for each in found.document["left"]}["models.chat.source"]
    assert found.after == PROD


def test_an_unchecked_folder_does_not_replace_a_checked_one(tmp_path: Path) -> None:
    checked = edited(PROD, (f"blob: qwen3-8b/{CHAT},", f"blob: qwen3-8b/{CHAT}, manifest_sha256: {'ab' * 32},"))
    found = promote(tmp_path, edited(PROD, (f"qwen3-8b/{CHAT}", f"qwen3-8b/{NEWER}")), checked, "--json", "--yes")
    assert "no manifest" in {each["path"]: each["why"] for each in found.document["left"]}["models.chat.source"]
    assert found.after == checked


def test_a_target_that_is_ahead_keeps_its_version(tmp_path: Path) -> None:
    target = edited(PROD, ('kubernetes: "1.36"', 'kubernetes: "1.37"'))
    found = promote(tmp_path, DEV, target, "--json", "--yes")
    assert "the target is ahead" in {each["path"]: each["why"] for each in found.document["left"]}["cluster.kubernetes"]
    assert (found.code, found.after) == (0, target)


def test_the_owner_of_the_driver_is_never_copied(tmp_path: Path) -> None:
    source = edited(DEV, ("    tier: Free\n", "    tier: Free\n    gpu_driver: operator\n"))
    found = promote(tmp_path, source, PROD, "--json", "--yes")
    assert "every GPU pool" in {each["path"]: each["why"] for each in found.document["left"]}["cluster.gpu_driver"]
    assert found.after == PROD


def test_nothing_is_written_without_consent(tmp_path: Path) -> None:
    target = edited(PROD, ('kubernetes: "1.36"', 'kubernetes: "1.35"'))
    assert promote(tmp_path, DEV, target, "--dry-run").after == target
    silent = promote(tmp_path, DEV, target, "--json")
    assert (silent.code, silent.after) == (2, target)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("", 2)])
def test_somebody_at_a_terminal_decides(
    answer: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "Pulumi.prod.yaml"
    target.write_text(edited(PROD, ('kubernetes: "1.36"', 'kubernetes: "1.35"')), encoding="utf-8")
    monkeypatch.setattr("cli.promote.at_terminal", lambda: True)
    arguments = ["promote", "dev", "prod", "--target-file", str(target)]
    found = CliRunner().invoke(PLATFORM, arguments, input=answer, standalone_mode=False)
    assert found.return_value == code
    assert ('kubernetes: "1.36"' in target.read_text(encoding="utf-8")) is (code == 0)


# ------------------------------------------------------------------ what is refused
def older(text: str, version: str) -> str:
    return edited(text, ('kubernetes: "1.36"', f'kubernetes: "{version}"'))


REFUSED: dict[str, tuple[Callable[[], tuple[str, str]], str]] = {
    "a minor version is skipped": (lambda: (older(DEV, "1.37"), older(PROD, "1.35")), "PROMOTE-BLOCKED"),
    "the source is rejected": (lambda: (edited(DEV, ("    tier: Free", "    teir: Free")), PROD), "CFG-UNKNOWN-KEY"),
    "the source is not valid YAML": (lambda: ("config: [", PROD), "CFG-"),
    "the target is not valid YAML": (lambda: (DEV, "config: ["), "CFG-"),
    "the target lacks a section": (
        lambda: (DEV, "config:\n  llm-platform:cluster: {kubernetes: '1.35'}\n"), "platform",
    ),
    "the result is rejected": (
        lambda: (DEV, edited(older(PROD, "1.35"), ("concurrency: 4", "concurrency: 4000"))), "FIT-",
    ),
    "a value is shared by an anchor": (
        lambda: (
            edited(DEV, (CHAT, f'"{NEWER}"')),
            edited(DEV, (f"revision: {CHAT}", f"revision: &commit {CHAT}"),
                   ("1d8ad4ca9b3dd8059ad90a75d4983776a23d44af", "*commit")),
        ), "by an anchor",
    ),
}  # fmt: skip


def test_a_version_without_support_on_the_day_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "2200000000")
    found = promote(tmp_path, DEV, older(PROD, "1.35"), "--yes")
    assert found.code == 2
    assert "PROMOTE-BLOCKED" in found.text
    assert "community support of 1.36 ended in 2027-06" in " ".join(found.text.split())
    assert found.after == found.before


@pytest.mark.parametrize(("texts", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_changes_nothing(texts: Callable[[], tuple[str, str]], expected: str, tmp_path: Path) -> None:
    found = promote(tmp_path, *texts(), "--yes")
    assert found.code == 2
    assert expected in found.text
    assert found.after == found.before


def test_a_result_that_a_policy_forbids_is_not_written(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    strict = tmp_path_factory.mktemp("policies") / "strict.json"
    strict.write_text('{"version": 2, "policies": {"aks-private-api-server": "mandatory"}}', encoding="utf-8")
    found = promote(tmp_path, DEV, older(DEV, "1.35"), "--yes", "--policies", str(strict), name="dev")
    assert found.code == 3
    assert "Policy aks-private-api-server forbids cluster-aks" in found.text
    assert found.after == found.before


def test_a_file_that_changed_in_the_meantime_is_kept(tmp_path: Path) -> None:
    from cli.promote import _write  # noqa: PLC0415

    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("somebody else's", encoding="utf-8")
    assert _write(file, "what was read", "what would be written") == 2
    assert file.read_text(encoding="utf-8") == "somebody else's"
