"""Rules about images, videos and sounds that clients name by address, and that the server fetches for them."""

from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.options import mapping

_HOSTS, _TEXT_ONLY, _MOST = "allowed-media-domains", "language-model-only", "limit-mm-per-prompt"
_KINDS = ("image", "video")


@release_rule(
    "ENGINE-MEDIA",
    "warning",
    prevents="Clients have the server fetch any address on the internet for them, as one that hides where a request "
    "comes from or that is made to wait.",
    source="https://docs.vllm.ai/en/latest/usage/security/",
    model=(*SOURCE, "engine.version", "engine.args"),
)
def fetched_addresses_are_listed(_: Resolution, release: ReleaseView) -> Violations:
    """A model that takes images has a list of the hosts from which they may come, or takes none."""
    model, values = release.architecture, release.options.values
    if release.vllm is None or model is None or model.encoder is None:
        return
    most = mapping(values.get(_MOST)) or {}
    takes_none = values.get(_TEXT_ONLY) is True or all(most.get(kind) == 0 for kind in _KINDS)
    if not values.get(_HOSTS) and not takes_none:
        yield Violation(
            f"{release.path}.engine.args",
            f"`{release.name}` takes images, and fetches those that clients name by address from any host",
            f"write {_HOSTS}: [HOST, …], or {_MOST}: {{image: 0, video: 0}} where clients send none",
        )
