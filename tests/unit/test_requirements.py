"""Every Python package that is installed from a list of requirements is one exact version with its hashes."""

import re

import pytest

from tests.repository import ROOT

LISTS = ("requirements.txt", "requirements-dev.txt", "requirements-fuzz.txt")
_ENTRY = re.compile(r"^([A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?)(==\S+)?(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    text = "".join(
        line
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.lstrip().startswith("#")
    )
    entries = _ENTRY.findall(text)
    assert entries
    assert [package for package, version, rest in entries if not version or "--hash=sha256:" not in rest] == []


def test_they_are_installed_with_the_hashes_required() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in makefile.splitlines():
        if "pip install" in line and any(f"-r {name}" in line for name in LISTS):
            assert "--require-hashes" in line
