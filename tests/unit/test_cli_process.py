"""The verdict of a command is what was decided, whoever reads its output, stops reading, or interrupts it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from planning_stacks import ROOT

from cli.check import NARROWEST, page_width
from cli.process import today
from preview.internal_errors import TRACEBACK, internal_error


def shell(line: str) -> tuple[int, str]:
    """A line of bash in which `$RUN` is the command line; its status and its errors."""
    environment = {**os.environ, "RUN": f"{sys.executable} -m cli"}
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "$RUN check no-such-stack | head -c 0",
        "$RUN preview no-such-stack --json - | head -c 1 >&2",
        "$RUN quota no-such-stack >&-",
        "$RUN fit --gpu none --model none 2>&1 | head -c 1 >&2",
        "$RUN check no-such-stack > /dev/full 2>/dev/null",
        "$RUN check no-such-stack 2>&-",
    ],
)
def test_a_refused_stack_is_refused_whoever_reads_that(line: str) -> None:
    status, errors = shell(line)
    assert status == 2
    assert "Traceback" not in errors
    assert "error:" not in errors.lower()


def test_an_accepted_stack_is_accepted_whoever_reads_that_unless_its_output_is_lost() -> None:
    assert shell("$RUN check dev | head -1") == (0, "")
    assert shell("$RUN rules >&-") == (0, "")
    status, errors = shell("$RUN rules > /dev/full")
    assert (status, errors) == (2, "standard output can't be written: no space left on device: write it elsewhere\n")


def test_names_that_are_no_text_are_shown_as_they_are() -> None:
    name = os.fsdecode(b"\xff")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "check", name, "--json", "-"], cwd=ROOT, check=False, capture_output=True
    )
    assert (done.returncode, done.stderr) == (2, b"")
    assert b"\\udcff" in done.stdout


def handles_interruption_itself(process: int) -> bool:
    """Whether a process has a handler of its own for SIGINT, as Python has by default."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGINT - 1) & 1)


def test_an_interruption_is_quiet_and_ends_a_script() -> None:
    program = "import sys; from cli.app import run; print('ready', file=sys.stderr, flush=True); sys.exit(run())"
    # It waits for the standard input that it reads from.
    with subprocess.Popen(
        [sys.executable, "-c", program, "check", "dev", "--config", "/dev/stdin"],
        # What runs the tests may have SIGINT ignored, as a shell does for what it runs in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        patience = time.monotonic() + 60
        while handles_interruption_itself(process.pid) and time.monotonic() < patience:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert (process.returncode, output, errors) == (-signal.SIGINT, b"", b"")


def test_an_internal_error_is_one_line_with_its_place_and_where_to_report_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRACEBACK, raising=False)
    with pytest.raises(AttributeError) as raised:
        today({"SOURCE_DATE_EPOCH": None})  # ty: ignore[invalid-argument-type]
    assert internal_error(raised.value) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert printed.startswith("internal error: AttributeError: ")
    assert "(cli/process.py:" in printed
    assert "report it to the project's issue tracker" in printed
    monkeypatch.setenv(TRACEBACK, "1")
    internal_error(raised.value)
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.delenv(TRACEBACK)
    assert internal_error(ValueError("a\n\x1b[31mb")) == 1
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("columns", ["1", "0", "-5", "x"])
def test_any_number_of_columns_is_enough(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert page_width() >= NARROWEST


@pytest.mark.parametrize("seconds", ["9" * 30, "9" * 5000, "x", ""])
def test_a_day_that_no_calendar_has_is_not_taken(seconds: str) -> None:
    assert today({"SOURCE_DATE_EPOCH": seconds}) == today({})
