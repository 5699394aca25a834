"""Built programs are cached by their inputs, and a machine without Go gets an error that names Go."""

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from rehearsal import toolchain
from rehearsal.toolchain import ENGINE, ETCD, KUBERNETES, SourceEdit, Toolchain


@pytest.fixture
def tools(tmp_path: Path) -> Toolchain:
    module = tmp_path / "tools"
    module.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(ENGINE.module / name, module / name)
    return dataclasses.replace(ENGINE, module=module)


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


@pytest.fixture
def edited(tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toolchain:
    """A module whose dependency has `a := 1` in a file, and a `go` that finds it and builds go.mod and that file."""
    source = tmp_path / "module"
    source.mkdir()
    (source / "a.go").write_text("a := 1\nb := 1\n")
    for path in (source / "a.go", source):
        path.chmod(0o555)
    (tmp_path / "bin").mkdir()
    go = tmp_path / "bin" / "go"
    go.write_text(
        "#!/bin/sh\n"
        f'if [ $1 = mod ]; then echo \'{{"Dir": "{source}"}}\'; exit; fi\n'
        "modfile=${2#-modfile=}\n"
        'while [ "$1" != -o ]; do shift; done; cat "$(dirname "$modfile")"/*/*.go "$modfile" > "$2"\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    return dataclasses.replace(tools, edits=(SourceEdit("m", "a.go", "a := 1", "a := 2"),))


def test_an_edit_of_a_source_reaches_the_build_and_not_the_module(edited: Toolchain, tmp_path: Path) -> None:
    source, _, requirements = edited.binary("pulumi").read_text().partition("b := 1\n")
    assert source == "a := 2\n"
    assert requirements.startswith((ENGINE.module / "go.mod").read_text())
    assert re.search(r"^replace m => /\S+$", requirements, re.MULTILINE)
    assert (tmp_path / "module" / "a.go").read_text() == "a := 1\nb := 1\n"
    assert edited.key() != dataclasses.replace(edited, edits=()).key()


@pytest.mark.parametrize("before", ["c := 1", ":= 1"])
def test_an_edit_that_does_not_fit_exactly_once_is_refused(edited: Toolchain, before: str) -> None:
    unfit = dataclasses.replace(edited, edits=(SourceEdit("m", "a.go", before, "x"),))
    with pytest.raises(toolchain.ToolUnavailableError, match="not there exactly once"):
        unfit.binary("pulumi")
    assert not unfit.cached("pulumi").exists()


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
