"""Stack files with mistakes, as small changes of the development stack, and the findings expected of each."""

from broken import (
    azure_names,
    cluster,
    engine,
    files,
    hardening,
    loading,
    model_configs,
    models,
    names,
    observability,
    pins,
    pools,
    reachable,
    registry,
    request_path,
    several,
    surface,
    unsafe,
)
from broken.change import Broken

TABLE: tuple[Broken, ...] = (
    *names.TABLE,
    *cluster.TABLE,
    *azure_names.TABLE,
    *pools.TABLE,
    *models.TABLE,
    *model_configs.TABLE,
    *engine.TABLE,
    *loading.TABLE,
    *observability.TABLE,
    *pins.TABLE,
    *reachable.TABLE,
    *registry.TABLE,
    *request_path.TABLE,
    *several.TABLE,
    *surface.TABLE,
    *files.TABLE,
    *hardening.TABLE,
    *unsafe.TABLE,
)
