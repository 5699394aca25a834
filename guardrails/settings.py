"""Settings of the processor: one JSON file, which this platform's component writes."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Mode = Literal["block", "annotate", "shadow", "off"]


class AzureGuard(Struct, frozen=True, kw_only=True, tag_field="kind", tag="azure", forbid_unknown_fields=True):
    """Azure AI Content Safety."""

    endpoint: str
    """Address of the account: https://NAME.cognitiveservices.azure.com."""
    api_version: str
    categories: dict[str, int]
    """Severity from which each category is found: 2, 4 or 6."""
    prompt_shields: bool
    largest_text: int
    """Characters of one call."""
    authority: str = "https://login.microsoftonline.com"


class ModelGuard(Struct, frozen=True, kw_only=True, tag_field="kind", tag="model", forbid_unknown_fields=True):
    """A guard model behind an OpenAI-compatible server."""

    endpoint: str
    """Address before `/v1/chat/completions`."""
    model: str
    family: Literal["llama-guard-3", "granite-guardian-3.3"]
    largest_text: int
    """Characters of one call."""
    categories: tuple[str, ...] = ()
    """Categories that count; all where none is named."""


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is checked how."""

    guard: AzureGuard | ModelGuard
    input: Mode
    output: Mode
    on_failure: Literal["open", "closed"]
    timeout_seconds: Annotated[float, Meta(gt=0)]
    """How long one check of an input, of a whole answer, or of a window may take."""
    window_characters: Annotated[int, Meta(ge=1)]
    """Characters of a streamed answer that are held back until they are judged."""
    overlap_characters: Annotated[int, Meta(ge=0)]
    """Characters before a window that are judged with it again."""
    largest_input_characters: Annotated[int, Meta(ge=1)]
    """Characters of one request beyond which a blocking policy refuses it."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is set."""

    policies: dict[str, Policy]
    models: dict[str, str] = {}
    """Policy of each model, by the name in a request's `model`."""
    tenants: dict[str, str] = {}
    """Policy of each tenant, which goes before the model's."""
    largest_body_bytes: int = 64 * 2**20
    largest_bodies: int = 16
    """Whole prompts in memory at once; the others wait unread, within the time that Envoy gives them."""
    largest_streams: int = 500
    """Requests at once; beyond them Envoy gets an error."""
    largest_checks: int = 100
    """Calls of guards at once; the others wait, within their time."""
    largest_background: int = 100
    """Checks in the background at once; beyond them they are left out and counted."""
    drain_seconds: float = 600
    """How long open requests may take when the processor stops."""


def read(file: Path) -> Settings:
    """Read the settings.

    Raises:
        msgspec.ValidationError: they aren't what the processor takes.
        ValueError: a model or a tenant names a policy that isn't there.
    """
    settings = msgspec.json.decode(file.read_bytes(), type=Settings)
    unknown = {*settings.models.values(), *settings.tenants.values()} - set(settings.policies)
    if unknown:
        raise ValueError(f"no such policy: {', '.join(sorted(unknown))}")
    return settings
