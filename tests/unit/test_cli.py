"""The command line as a whole: verbs, older names, exit codes and what is printed when something is wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from planning_stacks import ROOT

from cli import app
from cli.options import verb
from planning.__main__ import main as planning
from preview.__main__ import main as preview

VERBS = (
    "preview", "check", "fit", "rehearse", "quota", "upgrade", "promote",
    "up", "refresh", "rotate-keys", "rotate-pool", "status", "destroy", "import-ids",
    "advise", "profile", "rules", "policies", "refresh-prices", "pins", "weights", "dashboards",
)  # fmt: skip


def test_the_list_of_verbs_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("Commands:")[2].split("\n")
    assert tuple(line.split()[0] for line in lines if line.strip()) == VERBS
    assert all(line.rstrip().endswith(".") and "..." not in line for line in lines if line.strip())


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main([name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"Usage: llm-platform {name}")
    assert name in ("rules", "policies") or ("Exit codes: 0" in text and "1 internal error" in text)


@pytest.mark.parametrize(
    ("main", "arguments", "name"),
    [(preview, ["--help"], "python -m preview"), (planning, ["check", "--help"], "python -m planning check")],
)
def test_older_names_are_the_same_verbs(
    main: Callable[[list[str]], int], arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    older = capsys.readouterr().out
    assert older.startswith(f"Usage: {name} ")
    assert app.main([*(["preview"] if main is preview else []), *arguments]) == 0
    newer = capsys.readouterr().out
    assert older.partition("\n")[2] == newer.partition("\n")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc", "dev"], "No such command 'chekc'"),
        (["check"], "Missing argument 'STACK'"),
        (["check", "dev", "--jsn", "-"], "No such option"),
        (["check", "dev", "--conf", "Pulumi.dev.yaml"], "No such option"),
        (["fit", "--model", "a", "--gpu", "T4", "--weights-gib", "-1"], "-1 is not a valid size in GiB"),
        (["fit", "--model", "a", "--gpu", "T4", "--context", "many"], "'--context': 'many' is not a valid integer"),
        (["fit", "--model", "a", "--gpu", "T4", "--max-num-seqs", "0"], "'--max-num-seqs': 0 is not in the range"),
        (["fit", "--model", "a", "--gpu", "T4", "--kv-cache-memory-bytes", "12Q"], "12Q is not a number of bytes"),
        (["fit", "--gpu", "T4"], "give either --model or --hf-config"),
    ],
)
def test_wrong_usage_is_code_2_and_says_what_is_wrong(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_an_error_of_the_program_itself_is_code_1_and_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    @verb("broken", "Break.")
    def broken() -> int:
        raise LookupError("no such thing")

    assert app.main([], broken) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("internal error: LookupError: no such thing")
    assert "report it to the project's issue tracker" in printed


def test_the_launcher_works_from_any_folder(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    installed = tmp_path / "venv" / "installed"
    installed.touch()
    subprocess.run(
        ["make", "--silent", f"VENV={installed.parent}", "-o", str(installed), "install"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    done = subprocess.run(
        [str(python.parent / "llm-platform"), "check", "dev"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("llm-platform · dev · eastus: accepted")


def test_fit_loads_no_parser_or_tables_that_cost_more_than_its_answer() -> None:
    program = (
        "import sys; from cli.app import main; code = main('fit --gpu H100-NVL-94 --model Qwen/Qwen3-8B'.split());"
        "sys.exit(9 if {'pydantic', 'pulumi', 'rich'} & set(sys.modules) else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
