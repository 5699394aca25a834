"""The adapters (LoRA) that a server's options name: each is a further model that clients may request.

Source: vLLM 0.33 vllm/entrypoints/common/cli_args.py LoRAParserAction (`name=path`, or JSON with name and path), and
vllm/lora/utils.py get_adapter_absolute_path (a path in the container, else a Hugging Face id).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from planning.memory.demand import AdapterSlots
from planning.vllm.options import Options, whole_number
from reading.texts import json_of

MODULES = "lora-modules"
BY_MODALITY = "default-mm-loras"
# Defaults of vLLM 0.33 vllm/config/lora.py.
MAX_LORAS, MAX_LORA_RANK = 1, 16
# What a header may hold without being trimmed or refused on the way.
_NAME = re.compile(r"^[!-~]{1,256}$")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


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
    return _REPOSITORY.fullmatch(path) is not None


def adapters(options: Options) -> tuple[Adapter, ...]:
    """The adapters that a server is started with, in their order; entries that can't be read are left out."""
    return tuple(found for found in _entries(options) if isinstance(found, Adapter))


def malformed(options: Options) -> tuple[MalformedAdapter, ...]:
    """The entries of `lora-modules` that can't be read."""
    return tuple(found for found in _entries(options) if isinstance(found, MalformedAdapter))


def slots(options: Mapping[str, Any]) -> AdapterSlots | None:
    """The slots for adapters on the GPU that options ask for; None without `enable-lora`.

    A number that can't be read counts as vLLM's default: rule ENGINE-VALUE refuses it.
    """
    if options.get("enable-lora") is not True:
        return None
    count = whole_number(options.get("max-loras")) or MAX_LORAS
    return AdapterSlots(
        count=count,
        rank=whole_number(options.get("max-lora-rank")) or MAX_LORA_RANK,
        sharded=options.get("fully-sharded-loras") is True,
        graphs=1 + (captured_counts(count) if options.get("specialize-active-lora") is True else 1),
    )


def captured_counts(count: int) -> int:
    """For how many numbers of active adapters `specialize-active-lora` captures graphs: 1, 2, 4 … and all and one more.

    Source: vLLM 0.33 vllm/lora/utils.py get_captured_lora_counts.
    """
    return len({count + 1, *(2**power for power in range((count + 1).bit_length()))})


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
        return json_of(text)
    except ValueError:
        return None
