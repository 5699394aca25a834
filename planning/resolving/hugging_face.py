"""Which models are downloaded from Hugging Face, and which of them sign in there with the token."""

from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution, derived

# Options that may name another repository than the model's, of which nobody says whether it is open to everybody.
_OTHER_REPOSITORIES = (
    "default-mm-loras",
    "generation-config",
    "hf-config-path",
    "lora-modules",
    "spec-model",
    "speculative-config",
    "tokenizer",
)


def is_gated(release: ReleaseView) -> bool | None:
    """Whether Hugging Face gives what a release downloads only to those who sign in; None where nobody says so.

    The stack file's word comes first, then the catalog's. A model that the catalog lacks comes with `hf_config`, which
    says nothing of it.
    """
    source = release.settings.source
    if source.huggingface is None:
        return False
    if source.gated is not None or source.hf_config is not None or release.architecture is None:
        return source.gated
    if release.architecture.gated:
        return True
    return None if any(name in release.options.by_name for name in _OTHER_REPOSITORIES) else False


def signs_in(release: ReleaseView) -> bool:
    """Whether the pods get the token: not where everybody may download the weights, or where they are in the store."""
    return is_gated(release) is not False


@derived
def token_secret(stack: Resolution) -> str | None:
    """The vault's secret with the token; None where none is named, or where no model signs in with it."""
    return stack.settings.security.hugging_face_token if any(map(signs_in, stack.releases)) else None
