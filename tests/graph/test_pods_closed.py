"""Nothing opens what vLLM's options close: no variable, command or image of a model's pod is a stack's own."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

import catalog
from config import Settings
from tests.graph.stacks import STACKS, entries_of

CATALOG = catalog.load()
# A setting that would open something under another name.
OPENINGS = {"env", "envFrom", "env_from", "image", "command", "extraArgs", "extra_args", "values", "volumes"}


def containers(stack: str) -> Iterator[dict[str, Any]]:
    for entry in entries_of(stack):
        if entry["type"] == "kubernetes:apps/v1:Deployment":
            template = entry["inputs"]["spec"]["template"]["spec"]
            yield from (*template["containers"], *template.get("initContainers", ()))


@pytest.mark.parametrize("stack", STACKS)
def test_no_container_has_a_variable_that_opens_the_server(stack: str) -> None:
    found = list(containers(stack))
    assert found
    forbidden = CATALOG.vllm(CATALOG.vllm_versions[-1]).forbidden_env
    for container in found:
        names = [variable["name"] for variable in container.get("env", ())]
        assert [name for name in names if any(fnmatchcase(name, opening) for opening in forbidden)] == []
        assert not container.get("envFrom")


@pytest.mark.parametrize("stack", STACKS)
def test_a_model_server_has_no_argument_beside_its_file(stack: str) -> None:
    servers = [container for container in containers(stack) if container["name"] == "vllm"]
    assert servers
    for container in servers:
        source, *rest = container["args"]
        assert not source.startswith("-")
        assert rest == ["--config", "/etc/vllm/vllm.yaml"]
        assert not container.get("command")
        assert container["image"].rpartition("/")[2].startswith("vllm-openai")


def test_the_stack_file_has_no_place_for_variables_commands_or_images() -> None:
    sections: list[Any] = [Settings]
    seen: set[Any] = set()
    while sections:
        section = sections.pop()
        if section in seen:
            continue
        seen.add(section)
        assert not OPENINGS & set(section.model_fields), section
        sections += [inner for field in section.model_fields.values() for inner in _sections(field.annotation)]
    assert len(seen) > 20


def _sections(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _sections(part)
