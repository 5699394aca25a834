"""Property tests draw the same examples everywhere and leave no files; the command `fit`; a CLI that is a script."""

import pytest
from fit_command import RunFit
from hypothesis import settings
from scripted_cli import calls, project, pulumi

from planning.__main__ import main

__all__ = ["calls", "project", "pulumi", "run_fit"]

settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")


@pytest.fixture
def run_fit(capsys: pytest.CaptureFixture[str]) -> RunFit:
    """`python -m planning fit` in this process."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["fit", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
