"""Host memory that loading takes, beside that of the running processes: buffers of the loader, files read as a whole.

Weights that vLLM maps from files (the default for downloaded ones) are page cache, which the kernel takes back before
it kills a container: they count nowhere.
"""

import math
from collections.abc import Mapping
from typing import Any

from catalog import Overheads
from planning.memory import largest_tensor_gib
from planning.resolving.releases import ReleaseView
from planning.vllm.options import mapping

_BYTES_PER_GIB = 1024**3
# Values of the streaming loader's limit that are not sizes.
_ALL_AT_ONCE, _ONE_TENSOR = -1, 0
# safetensors' `load` copies each tensor out of the file's bytes.
_COPIES_OF_A_FILE = 2


def streamer_limit_bytes(release: ReleaseView, overheads: Overheads) -> int | None:
    """What a rank of a model in the model store may read ahead, as RUNAI_STREAMER_MEMORY_LIMIT takes it.

    A limit below the largest tensor is refused by the loader, so it is raised to that; where that isn't known, the
    loader's own default stays. A limit among vLLM's options wins, as in vLLM. None where nothing is streamed.
    Source: run-ai/runai-model-streamer @f73a19a file_streamer/requests_iterator.py; vLLM 0.33
    vllm/model_executor/model_loader/runai_streamer_loader.py, which sets the variable from the option.
    """
    if release.settings.source.blob is None:
        return None
    given = given_limit(release)
    if given is not None:
        return given
    largest = largest_tensor_gib(release.architecture) if release.architecture is not None else None
    gib = overheads.streamer_default_gib if largest is None else max(overheads.streamer_buffer_gib, math.ceil(largest))
    return int(gib * _BYTES_PER_GIB)


def given_limit(release: ReleaseView) -> int | None:
    """The limit that the stack file gives the streaming loader, in bytes; None without a whole number."""
    value = loader_options(release).get("memory_limit")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def loader_options(release: ReleaseView) -> Mapping[str, Any]:
    """What the stack file gives the loader of the weights."""
    return mapping(release.options.values.get("model-loader-extra-config")) or {}


def loading_gib(release: ReleaseView, overheads: Overheads) -> float:
    """Host memory in GiB that all ranks of a replica take while they load the weights.

    Each rank of a streamed model reads the whole checkpoint through a buffer of its own, which is never larger than the
    checkpoint. With `safetensors-load-strategy: eager` a rank holds a file twice. A size that isn't known counts as the
    limit itself.
    """
    known = release.architecture.weights_gib if release.architecture is not None else None
    weights = known if known is not None else math.inf
    ranks, limit = release.settings.engine.tensor_parallel, streamer_limit_bytes(release, overheads)
    if limit is not None:
        return ranks * _buffer_gib(release, limit, weights, overheads)
    if release.options.values.get("safetensors-load-strategy") == "eager":
        return ranks * _COPIES_OF_A_FILE * min(weights, overheads.safetensors_file_gib)
    return 0.0


def _buffer_gib(release: ReleaseView, limit: int, weights: float, overheads: Overheads) -> float:
    if limit == _ALL_AT_ONCE:
        return weights if weights < math.inf else overheads.streamer_default_gib
    if limit == _ONE_TENSOR:
        largest = largest_tensor_gib(release.architecture) if release.architecture is not None else None
        return min(weights, largest if largest is not None else overheads.streamer_default_gib)
    return min(weights, limit / _BYTES_PER_GIB)
