"""The engine's build is cached by what goes into it, and a machine without Go is told so."""

import shutil
from pathlib import Path

import pytest

from tests.engine import toolchain


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    for name in ("go.mod", "go.sum"):
        shutil.copy(toolchain.TOOLS / name, tmp_path / name)
    return tmp_path


def test_key_follows_requirements_and_version(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = toolchain.cache_key(tools)
    assert key == toolchain.cache_key()
    with (tools / "go.sum").open("a") as sums:
        sums.write("another/module v1.0.0 h1:x\n")
    changed = toolchain.cache_key(tools)
    assert changed != key
    monkeypatch.setattr(toolchain, "LINKER_FLAGS", "-X another=flag")
    assert toolchain.cache_key(tools) not in {key, changed}


def test_no_go_and_no_cached_engine_is_said(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(toolchain.EngineUnavailableError, match="no `go` on PATH"):
        toolchain.pulumi_binary(tools)
    assert not (tmp_path / "cache").exists()


def test_failed_build_leaves_no_program(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "go").write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(toolchain.EngineUnavailableError, match="no such module"):
        toolchain.pulumi_binary(tools)
    assert not toolchain.cached_binary(tools).exists()
