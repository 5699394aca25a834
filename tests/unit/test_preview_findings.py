"""Findings as text: one layout for every command, with the position in the file and a caret for errors."""

from pathlib import Path

import pytest

from cli.app import main
from config import Finding
from config.findings import Severity
from preview import findings
from preview.findings import SourceFile

TEXT = "config:\n  llm-platform:pools:\n    - name: gpu\n      nodez: {min: 1}\n"
ERROR = Finding("error", "CFG-UNKNOWN-KEY", "pools[0].nodez", "unknown key `nodez`", "did you mean `nodes`?", 4, 7)


def printed(*found: Finding, width: int = 100, text: str = TEXT, name: str = "Pulumi.dev.yaml") -> list[str]:
    lines = findings.lines(found, width, SourceFile(name, text))
    return ["".join(span.text for span in spans) for spans in lines]


def test_an_error_shows_its_place_and_its_line_with_a_caret() -> None:
    assert printed(ERROR) == [
        "error    CFG-UNKNOWN-KEY  Pulumi.dev.yaml:4:7  pools[0].nodez",
        "         unknown key `nodez`",
        "         → did you mean `nodes`?",
        "         4 |       nodez: {min: 1}",
        "           |       ^",
    ]


@pytest.mark.parametrize(("severity", "word"), [("warning", "warning  "), ("info", "note     ")])
def test_warnings_and_notes_show_their_place_without_the_line(severity: Severity, word: str) -> None:
    lines = printed(Finding(severity, "RULE", "pools[0]", "message", "fix", 3, 7))
    assert lines == [f"{word}RULE  Pulumi.dev.yaml:3:7  pools[0]", "         message", "         → fix"]


def test_without_a_place_or_without_the_text_there_is_none_to_show() -> None:
    assert printed(Finding("error", "RULE", "quota", "message", "fix"))[0] == "error    RULE  quota"
    heading, *rest = findings.lines([ERROR], 100)
    assert "".join(span.text for span in heading) == "error    CFG-UNKNOWN-KEY  pools[0].nodez"
    assert len(rest) == 2


def test_a_line_without_column_has_no_caret() -> None:
    lines = printed(Finding("error", "RULE", "pools", "message", "fix", 2))
    assert lines[0] == "error    RULE  Pulumi.dev.yaml:2  pools"
    assert lines[-1] == "         2 |   llm-platform:pools:"


def test_a_path_that_is_too_long_gets_a_line_of_its_own() -> None:
    lines = printed(ERROR, width=60)
    assert lines[:2] == ["error    CFG-UNKNOWN-KEY  Pulumi.dev.yaml:4:7", "         pools[0].nodez"]
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("column", [1, 40, 200, 399])
def test_a_long_line_is_shown_around_the_column(column: int) -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(399))
    lines = printed(Finding("error", "RULE", "a", "message", "fix", 1, column), text=text, width=80)
    excerpt, caret = lines[-2:]
    assert max(len(excerpt), len(caret)) <= 80
    assert excerpt[caret.index("^")] == text[column - 1]


def test_tabs_and_escape_sequences_are_blanks() -> None:
    lines = printed(Finding("error", "RULE", "a", "message", "fix", 1, 3), text="\t\x1b[31mnodez")
    assert lines[-2] == "         1 |   [31mnodez"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        # The rule knows the line.
        ("password: hunter22", (Finding("error", "SEC-LITERAL", "password", "m", "f", 1, 1),)),
        # The rule doesn't know the line: any may hold the credential.
        ("password: hunter22", (Finding("error", "SEC-LITERAL", "password", "m", "f"),)),
        # A value with the shape of a credential, without any finding about it.
        ("password: hf_abcdefghijklmnopqrstuvwxyz", ()),
        # The secret itself in place of its name.
        ("key_secret: Sup3r/Key==", (Finding("error", "CFG-VALUE", "tenants[0].key_secret", "m", "f", 1, 1),)),
        ("token_secret: 8273645119", (Finding("error", "CFG-QUOTE", "registry.docker_hub.token_secret", "m", "f", 1),)),
    ],
)
def test_a_line_that_may_hold_a_credential_is_not_shown(text: str, more: tuple[Finding, ...]) -> None:
    lines = printed(Finding("error", "CFG-UNKNOWN-KEY", "password", "m", "f", 1, 1), *more, text=text)
    assert text.partition(" ")[2] not in "\n".join(lines)


def test_no_finding_moves_the_cursor_of_a_terminal() -> None:
    lines = printed(Finding("error", "RULE", "a\x1b[31m", "m\x1b[2J\a", "f\x1b]0;t\a", 1, 1), text="nodez")
    assert all(char.isprintable() for line in lines for char in line)


def test_a_line_number_beyond_the_text_shows_no_line() -> None:
    assert len(printed(Finding("error", "RULE", "a", "message", "fix", 99, 1))) == 3


def test_check_and_preview_print_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = (Path(__file__).parents[2] / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    file = tmp_path / "broken.yaml"
    file.write_text(stack.replace("concurrency:", "concurency:"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for code in (main(["check", "dev", "--config", file.name]), main(["preview", "dev", "--config", file.name])):
        assert code == 2
    first, second = capsys.readouterr().out.split("Findings")[1:]
    shown = [part.split("llm-platform")[0].strip() for part in (first, second)]
    assert shown[0] == shown[1]
    assert "CFG-UNKNOWN-KEY" in shown[0]
