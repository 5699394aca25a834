"""The real Prometheus answers as its double does: every story's files are the same, to the token."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from charge_back.blobs import Container
from charge_back.calls import ExportError
from charge_back.export import export
from charge_back.settings import Settings
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.usage_export.recorded import recorded
from tests.usage_history import ENDPOINT, JOB
from tests.usage_stories import STORIES

pytestmark = pytest.mark.cluster


class Held(Container):
    """A container in memory."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__("", "")
        self.files = files

    def names(self) -> Iterator[str]:
        yield from list(self.files)

    def create(self, name: str, content: bytes, notes: Mapping[str, str]) -> bool:
        del notes
        fresh = name not in self.files
        self.files.setdefault(name, content.decode())
        return fresh


@pytest.mark.parametrize("name", STORIES)
def test_a_day_s_file_has_what_was_used(name: str, tmp_path: Path) -> None:
    story, printed = STORIES[name](), []
    held = Held(dict(story.there))
    with ExitStack() as running:
        try:
            servers = [
                running.enter_context(recorded(replica, tmp_path / str(index)))
                for index, replica in enumerate(story.replicas)
            ]
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        settings = Settings(tuple(servers), JOB, ENDPOINT, "", story.since, story.keep_days, story.prices)
        try:
            printed += export(settings, held, now=story.now)
        except ExportError as error:
            printed.append(str(error))
    assert held.files == story.files
    assert bool(story.wrong) == any(line.startswith("not exported:") for line in printed), printed
