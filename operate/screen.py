"""Where an operation speaks to whoever started it: lines at a terminal or in a log, or one JSON object a line."""

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from msgspec import to_builtins
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from config.findings import printable
from operate.problems import CannotOperateError
from operate.progress import Event, Progress

# Resources that the progress line names.
_SHOWN = 3


class Screen:
    """With `is_json` standard output has JSON alone, and everything for people is on standard error."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json
        self._console = Console(stderr=is_json, highlight=False, soft_wrap=True)

    @property
    def is_terminal(self) -> bool:
        """Whether somebody can answer a question."""
        return sys.stdin.isatty() and self._console.is_terminal

    def say(self, text: str = "") -> None:
        """A line for people."""
        self._console.print(Text(shown(text)))

    def event(self, event: Event) -> None:
        """A line of progress."""
        if self.is_json:
            self.document(to_builtins(event))
        else:
            self._console.print(Text(shown(f"[{event.seconds:7.1f} s] {event}")))

    def document(self, document: Mapping[str, Any]) -> None:
        """A line of JSON, with `--json` only."""
        if self.is_json:
            click.echo(json.dumps(document, ensure_ascii=False, default=str))

    def confirm(self, question: str, option: str) -> bool:
        """Whether somebody at the terminal says yes.

        Raises:
            CannotOperateError: nobody is there to answer; the fix names the `option` that says yes beforehand.
        """
        if not self.is_terminal:
            raise CannotOperateError(f"{question} Nobody is at a terminal to say so", f"add {option}")
        try:
            return click.confirm(question, default=False, err=self.is_json)
        except click.Abort:  # Ctrl-D
            self.say()
            return False

    def typed(self, question: str, expected: str, option: str) -> bool:
        """Whether somebody at the terminal types what is expected.

        Raises:
            CannotOperateError: nobody is there to answer.
        """
        if not self.is_terminal:
            raise CannotOperateError(f"{question} Nobody is at a terminal to type it", f"add {option}")
        try:
            return bool(click.prompt(question, default="", show_default=False, err=self.is_json) == expected)
        except click.Abort:
            self.say()
            return False

    @contextmanager
    def progress(self, progress: Progress) -> Generator[None]:
        """Show what runs, at a terminal, until the end of the block."""
        if not self._console.is_terminal:
            yield
            return
        spinner = Spinner("dots")

        def now() -> RenderableType:
            spinner.update(text=Text(shown(summary(progress))))
            return spinner

        with Live(get_renderable=now, console=self._console, refresh_per_second=4, transient=True):
            yield


def shown(text: str) -> str:
    """The text without what would move a terminal's cursor: clouds, logs and states of others have a say in it."""
    return "\n".join(map(printable, text.split("\n")))


def summary(progress: Progress) -> str:
    """What runs at the moment, in one line."""
    running = sorted(progress.running.values(), key=lambda event: event.seconds)
    named = [f"{event} {progress.seconds - event.seconds:,.0f} s" for event in running[:_SHOWN]]
    named += [f"{len(running) - _SHOWN} more"] if len(running) > _SHOWN else []
    failed = f", {len(progress.failed)} FAILED" if progress.failed else ""
    done = sum(progress.done.values())
    return f"{progress.seconds:,.0f} s, {done} done{failed}, {len(running)} running: {'; '.join(named) or 'waiting'}"
