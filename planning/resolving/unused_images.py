"""Images of the catalog that a stack doesn't run."""

from config.settings import Settings
from planning.resolving import limiter
from planning.resolving.telemetry import unused_trace_images
from planning.resolving.usage_export import IMAGE


def unused_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    exported = settings.observability.usage_export is not None
    export = () if exported else (IMAGE,)
    return (*limiter.unused_images(settings), *unused_trace_images(settings), *export)
