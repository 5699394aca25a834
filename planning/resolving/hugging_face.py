"""Which models are downloaded from Hugging Face, and the token that they sign in with."""

from planning.resolving.resolution import Resolution, derived


@derived
def token_secret(stack: Resolution) -> str | None:
    """The vault's secret with the token; None where none is named, or where no model is downloaded with it."""
    downloaded = any(release.settings.source.huggingface is not None for release in stack.releases)
    return stack.settings.security.hugging_face_token if downloaded else None
