"""The records of guards: Azure's service, and the guard models that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from catalog.decoding import Record


class AzureSafety(Record, frozen=True):
    """Azure AI Content Safety."""

    api_version: str
    largest_text: int
    """Characters of one call."""
    severities: tuple[int, ...]
    """What a text may have beside 0."""
    categories: Mapping[str, str]
    """Key of the stack file -> Azure's name."""
    latency_ms: int | None
    """Time of a call; None where nobody publishes it."""
    calls_per_second: int | None
    usd_per_1000_texts: float | None
    source: str
    as_of: str


class GuardModelFacts(Record, frozen=True):
    """A guard model whose questions and verdicts the processor knows."""

    family: Literal["llama-guard-3", "granite-guardian-3.3"]
    license: str
    categories: tuple[str, ...]
    source: str
    as_of: str


class SafetyFacts(Record, frozen=True):
    """What is known of guards."""

    azure: AzureSafety
    models: Mapping[str, GuardModelFacts]
    """By the id on Hugging Face."""
    template_tokens: int
    """Tokens of a guard's context that are not the text's."""
    least_characters_per_token: int
    typical_characters_per_token: int
    source: str
    as_of: str
