"""The weekly look at registries: one text with what moved and what to write, and nothing changed in the checkout."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog
from cli.app import main as cli
from pipelines import watch
from planning.resolving.pins import pins
from simulators.registry.registry import Registry, serving

_REFERENCES = tuple(pin.reference for pin in pins(catalog.load()) if pin.reference is not None and pin.used)
_VLLM = "vllm/vllm-openai"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """One that has every pinned chart and image."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Registry()
    for reference in _REFERENCES:
        repository, _, tag = reference.partition("/")[2].rpartition(":")
        served.put(repository, tag, reference)
    with serving(served):
        yield served


@pytest.fixture
def resolved(registry: Registry, checkout: Path) -> Iterator[Path]:
    """The checkout with the digests of the registry's tags written down."""
    file = checkout / "catalog" / "digests.yaml"
    kept = shutil.copyfile(file, checkout / "digests.kept")
    assert cli(["pins", "--resolve", "--file", str(file), *_asking(registry)]) == 0
    yield file
    shutil.move(kept, file)


def _asking(registry: Registry) -> list[str]:
    hosts = sorted({reference.partition("/")[0] for reference in _REFERENCES})
    return [part for host in hosts for part in ("--registry", f"{host}={registry.address}")]


def test_pins_that_are_as_they_were_are_no_issue(registry: Registry, resolved: Path, checkout: Path) -> None:
    assert resolved.is_file()
    assert watch.pins(checkout, _asking(registry)) == ""


def test_digests_that_nobody_wrote_down_come_as_a_change(registry: Registry, checkout: Path) -> None:
    before = (checkout / "catalog" / "digests.yaml").read_bytes()
    text = watch.pins(checkout, _asking(registry))
    assert text.startswith(f"{len(_REFERENCES)} added, 0 moved, 0 without an answer.\n")
    assert "```diff\n--- catalog/digests.yaml\n+++ catalog/digests.yaml\n" in text
    assert f'+  "docker.io/{_VLLM}:v' in text
    assert (checkout / "catalog" / "digests.yaml").read_bytes() == before


def test_a_tag_that_moved_is_named_and_not_proposed(registry: Registry, resolved: Path, checkout: Path) -> None:
    assert resolved.is_file()
    (reference,) = [each for each in _REFERENCES if each.startswith(f"docker.io/{_VLLM}:")]
    registry.put(_VLLM, reference.rpartition(":")[2], "somebody else's")
    text = watch.pins(checkout, _asking(registry))
    assert f"- {reference} moved: sha256:" in text
    assert "```diff" not in text


def test_registries_that_do_not_answer_are_named(registry: Registry, checkout: Path) -> None:
    registry.asks_for_token = True
    options = [*_asking(registry), "--registry", "docker.io=http://127.0.0.1:9"]
    assert f"- docker.io/{_VLLM}:v" in watch.pins(checkout, options)


def test_a_broken_file_of_digests_opens_no_issue(checkout: Path) -> None:
    file = checkout / "catalog" / "digests.yaml"
    kept = file.read_text(encoding="utf-8")
    file.write_text("entries: [", encoding="utf-8")
    try:
        with pytest.raises(RuntimeError, match="can't be read"):
            watch.pins(checkout)
    finally:
        file.write_text(kept, encoding="utf-8")
