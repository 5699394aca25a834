"""Where a model's pods go outside the cluster: what its weights need, and what clients and options ask of it."""

from msgspec import Struct

from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.vllm.media import hosts_of_media
from planning.vllm.risks import OpenSetting


class Egress(Struct, frozen=True):
    """Hosts on the internet that the pods of one release ask, by HTTPS.

    `anywhere` where nobody can list them: clients name any host, or an option that the stack opens sends somewhere.
    """

    hosts: tuple[str, ...]
    anywhere: bool


def egress(stack: Resolution, release: ReleaseView) -> Egress:
    """What one release asks on the internet; nothing there but the token service where its weights are in the store."""
    media = hosts_of_media(release.architecture, release.options.values)
    downloads = release.settings.source.huggingface is not None
    weights = stack.catalog.hugging_face.hosts if downloads else (stack.catalog.azure.token_service.host,)
    return Egress((*weights, *(media or ())), anywhere=media == () or bool(senders(release)))


def senders(release: ReleaseView) -> tuple[OpenSetting, ...]:
    """Options that may send to a host of their own, those included that nobody has looked at."""
    return tuple(found for found in release.open_settings if found.risk is None or found.risk.kind == "opens network")
