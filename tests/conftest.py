"""What all tests share: the order in which they run, the reference data beside the checkout, the built programs."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ETCD, KUBERNETES, ToolUnavailableError, pulumi_binary

REPOSITORY = Path(__file__).resolve().parents[1]
# 2026-11-24: in every test and every program that it starts, prices and support are judged by this day.
os.environ["SOURCE_DATE_EPOCH"] = "1795478400"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests run in another order, to prove that none depends on it."""
    parser.addoption(
        "--order", default="written", metavar="written|reversed|random[:SEED]", help="order of modules and of tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Draw a seed where none is given, the same for all processes of xdist."""
    if hasattr(config, "workerinput"):
        config.option.order = config.workerinput["order"]
    kind, _, seed = config.option.order.partition(":")
    if kind not in ("written", "reversed", "random") or (seed and kind != "random"):
        raise pytest.UsageError(f"--order {config.option.order}: written, reversed, random or random:SEED")
    if kind == "random" and not seed:
        config.option.order = f"random:{random.SystemRandom().randrange(10**6)}"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the order with its seed to a process of xdist."""
    node.workerinput["order"] = node.config.option.order


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say how to run the tests in this order again."""
    order = config.option.order
    return [] if order == "written" else [f"order: --order={order}"]


# The SDK abandons coroutines of a program that the engine refuses midway. They complain when they are collected, which
# may be in any later test of the same process, and in what it takes down.
_ABANDONED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put modules in the requested order, and the tests within each; a test must not fail for what another has left.

    First of all hooks, so that pytest still brings together the tests that share a fixture with parameters, which would
    otherwise be created again for each of them.
    """
    if any(item.get_closest_marker("engine") or item.get_closest_marker("cluster") for item in items):
        for item in items:
            item.add_marker(_ABANDONED)
    kind, _, seed = config.option.order.partition(":")
    if kind == "reversed":
        items.reverse()
    if kind == "random":
        shuffled = random.Random(seed)  # noqa: S311 - an order that can be had again, no secret
        modules: dict[Path, list[pytest.Item]] = {}
        for item in items:
            modules.setdefault(item.path, []).append(item)
        names = list(modules)
        shuffled.shuffle(names)
        for name in names:
            shuffled.shuffle(modules[name])
        items[:] = [item for name in names for item in modules[name]]


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference data; tests that need it skip where it is not there."""
    folder = Path(os.environ.get("REFERENCE_DIR") or REPOSITORY.parent / "shared")
    if not (folder / "arm").is_dir():
        pytest.skip(f"no reference data at {folder}: set REFERENCE_DIR")
    return folder


@pytest.fixture(scope="session")
def arm(reference: Path) -> Path:
    """Folder of ARM's type definitions."""
    return reference / "arm"


@pytest.fixture(scope="session")
def engine_binary() -> Path:
    """The engine's program, built if needed; tests skip with the reason where that can't be done."""
    try:
        return pulumi_binary()
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def control_plane_binaries() -> dict[str, Path]:
    """The control plane's programs by name, built if needed; tests skip with the reason where that can't be done."""
    try:
        return {name: chain.binary(name) for chain in (ETCD, KUBERNETES) for name in chain.programs}
    except ToolUnavailableError as error:
        pytest.skip(str(error))
