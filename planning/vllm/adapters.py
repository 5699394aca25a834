"""The adapters (LoRA) that a server's options name: each is a further model that clients may request.

Source: vLLM 0.33 vllm/entrypoints/common/cli_args.py LoRAParserAction (`name=path`, or JSON with name and path), and
vllm/lora/utils.py get_adapter_absolute_path (a path in the container, else a Hugging Face id).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from planning.vllm.options import Options

MODULES = "lora-modules"
BY_MODALITY = "default-mm-loras"
# What a header may hold without being trimmed or refused on the way.
_NAME = re.compile(r"^[!-~]{1,256}$")
_REPOSITORY = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")


class Adapter(Struct, frozen=True):
    """An adapter: the name that clients request, where vLLM loads it from, and its place in the stack file."""

    name: str
    path: str
    place: str


class MalformedAdapter(Struct, frozen=True):
    """An entry that vLLM can't read as an adapter, or whose name no client could send."""

    place: str
    message: str


def is_repository(path: str) -> bool:
    """Whether vLLM would download this from Hugging Face: an organisation and a name, not a path in the container."""
    return _REPOSITORY.match(path) is not None


def adapters(options: Options) -> tuple[Adapter, ...]:
    """The adapters that a server is started with, in their order; entries that can't be read are left out."""
    return tuple(found for found in _entries(options) if isinstance(found, Adapter))


def malformed(options: Options) -> tuple[MalformedAdapter, ...]:
    """The entries of `lora-modules` that can't be read."""
    return tuple(found for found in _entries(options) if isinstance(found, MalformedAdapter))


def _entries(options: Options) -> Iterator[Adapter | MalformedAdapter]:
    option = options.by_name.get(MODULES)
    if option is None:
        return
    if not isinstance(option.value, list):
        yield _read(option.value, option.path)
        return
    for index, item in enumerate(option.value):
        # vLLM skips what a comma at either end of the list leaves.
        if item not in (None, ""):
            yield _read(item, f"{option.path}[{index}]")


def _read(item: Any, place: str) -> Adapter | MalformedAdapter:
    fields = _fields(item) if isinstance(item, str) else item
    if not isinstance(fields, Mapping):
        return MalformedAdapter(place, "an adapter is `name=path`, or a mapping with `name` and `path`")
    name, path = fields.get("name"), fields.get("path")
    if not isinstance(name, str) or not isinstance(path, str) or not path:
        return MalformedAdapter(place, "an adapter needs a `name` and a `path`, text each")
    if not _NAME.match(name):
        return MalformedAdapter(place, f"`{name}`: a name that clients can send has 1 to 256 characters and no spaces")
    return Adapter(name, path, place)


def _fields(text: str) -> Any:
    """What the text of an entry says, None where vLLM can't read it: one `=` and no comma, else JSON."""
    if "=" in text and "," not in text:
        name, _, path = text.partition("=")
        return {"name": name, "path": path} if "=" not in path else None
    try:
        return json.loads(text)
    except ValueError:
        return None
