"""Images of the catalog that a stack doesn't run."""

from config.settings import Settings
from planning.resolving import limiter
from planning.resolving.logs import LOKI_IMAGE, in_loki
from planning.resolving.telemetry import COLLECTOR_IMAGE, unused_trace_images
from planning.resolving.usage_export import IMAGE


def unused_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    exported = settings.observability.usage_export is not None
    export = () if exported else (IMAGE,)
    logged = in_loki(settings) is not None
    # The same program collects traces and logs.
    traces = [name for name in unused_trace_images(settings) if not (logged and name == COLLECTOR_IMAGE)]
    return (*limiter.unused_images(settings), *traces, *(() if logged else (LOKI_IMAGE,)), *export)
