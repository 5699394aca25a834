"""A model's architecture, read from its Hugging Face configuration.

What reads it is loaded with the first configuration: models of the catalog need none.
"""

from collections.abc import Mapping
from typing import Any

from catalog import ModelArchitecture, VllmVersion
from planning.model_config.errors import UnreadableError

__all__ = ["UnreadableError", "read", "unknown_weights"]


def read(config: Mapping[str, Any], name: str, vllm: VllmVersion) -> ModelArchitecture:
    """Describe the model of a `config.json`, called `name`, as `vllm` reads it.

    Raises:
        UnreadableError: a size is missing or is none, or the model keeps its cache in a way that is not computed.
    """
    from planning.model_config import config as reader  # noqa: PLC0415 - see above

    return reader.read(config, name, vllm)


def unknown_weights(config: Mapping[str, Any], vllm: VllmVersion) -> str:
    """Why the weights' size can't be computed from a configuration that is otherwise readable."""
    from planning.model_config import config as reader  # noqa: PLC0415 - see above

    return reader.unknown_weights(config, vllm)
