"""Built programs are cached by their inputs, and a machine without Go gets an error that names Go."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from tests.engine import toolchain
from tests.engine.toolchain import ENGINE, ETCD, KUBERNETES, Toolchain


@pytest.fixture
def tools(tmp_path: Path) -> Toolchain:
    for name in ("go.mod", "go.sum"):
        shutil.copy(ENGINE.module / name, tmp_path / name)
    return dataclasses.replace(ENGINE, module=tmp_path)


def test_key_follows_requirements_and_version(tools: Toolchain) -> None:
    key = tools.key()
    assert key == ENGINE.key()
    with (tools.module / "go.sum").open("a") as sums:
        sums.write("another/module v1.0.0 h1:x\n")
    changed = tools.key()
    assert changed != key
    assert dataclasses.replace(tools, linker_flags="-X another=flag").key() not in {key, changed}


def test_key_follows_a_program_of_our_own_and_what_it_embeds(tools: Toolchain) -> None:
    (tools.module / "main.go").write_text("package main\n")
    with_program = tools.key()
    (tools.module / "embedded").mkdir()
    (tools.module / "embedded" / "schema.json").write_text("{}")
    with_schema = tools.key()
    (tools.module / "embedded" / "schema.json").write_text("[]")
    assert len({ENGINE.key(), with_program, with_schema, tools.key()}) == 4


def test_every_module_has_a_folder_of_its_own() -> None:
    assert len({chain.cached("x") for chain in (ENGINE, KUBERNETES, ETCD)}) == 3


def test_no_go_and_no_cached_engine_is_reported(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(toolchain.ToolUnavailableError, match="no `go` on PATH"):
        tools.binary("pulumi")
    assert not (tmp_path / "cache").exists()


def test_failed_build_leaves_no_program(tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "go").write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(toolchain.ToolUnavailableError, match="no such module"):
        tools.binary("pulumi")
    assert not tools.cached("pulumi").exists()
