"""The names by which clients call a model."""

from planning.resolving.releases import ModelView
from planning.vllm.adapters import adapters


def served_names(view: ModelView) -> tuple[str, ...]:
    """What requests put into `model` for a model: its name, and those of its adapters."""
    return (view.name, *(adapter.name for release in view.releases for adapter in adapters(release.options)))
