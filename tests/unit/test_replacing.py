"""Files that a command brings up to date are written whole or not at all, and nothing else is."""

import os
import stat
from pathlib import Path

import pytest

from cli.replacing import replace


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("permissions", [0o600, 0o644, 0o640])
def test_a_file_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("old", encoding="utf-8")
    file.chmod(permissions)
    replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert mode(file) == permissions
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_has_the_permissions_of_every_new_file(tmp_path: Path) -> None:
    usual, file = tmp_path / "usual", tmp_path / "new"
    usual.touch()
    replace(file, b"new")
    assert mode(file) == mode(usual)


def test_links_that_lie_beside_it_are_not_followed(tmp_path: Path) -> None:
    file, other = tmp_path / "prices.yaml", tmp_path / "other"
    other.write_text("kept", encoding="utf-8")
    (tmp_path / "prices.yaml.new").symlink_to(other)
    replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert other.read_text(encoding="utf-8") == "kept"


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file, link = tmp_path / "kept" / "prices.yaml", tmp_path / "prices.yaml"
    file.write_text("old", encoding="utf-8")
    link.symlink_to(file)
    replace(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_what_fails_leaves_the_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(file, b"new")
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]
