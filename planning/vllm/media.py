"""Images and videos that clients name by address, and that the server fetches for them."""

from collections.abc import Mapping
from typing import Any

from catalog import ModelArchitecture
from planning.vllm.options import mapping

HOSTS = "allowed-media-domains"
MOST = "limit-mm-per-prompt"
_TEXT_ONLY = "language-model-only"
_KINDS = ("image", "video")


def hosts_of_media(model: ModelArchitecture | None, values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Hosts from which a server with these options fetches media: empty for any host, None where it fetches nothing."""
    if model is None or model.encoder is None:
        return None
    most = mapping(values.get(MOST)) or {}
    if values.get(_TEXT_ONLY) is True or all(most.get(kind) == 0 for kind in _KINDS):
        return None
    given = values.get(HOSTS) or ()
    return (given,) if isinstance(given, str) else tuple(map(str, given))
