"""Images of the catalog that a stack doesn't run."""

from config.settings import Settings
from planning.resolving import limiter
from planning.resolving.usage_export import IMAGE


def unused_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    exported = settings.observability.usage_export is not None
    return (*limiter.unused_images(settings), *(() if exported else (IMAGE,)))
