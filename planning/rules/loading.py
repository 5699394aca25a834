"""Rules about loading weights: which options the loader takes, and whether it ends before the replica is restarted."""

from collections.abc import Mapping
from typing import Any

from catalog import VllmVersion
from config.wording import nearest
from planning.memory import embedding_bytes
from planning.placement.loading import given_limit, loader_options
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule

_OPTION = "model-loader-extra-config"
# What vLLM takes for the streaming loader's keys; anything else is dropped without a word.
_WHOLE = ("concurrency", "memory_limit")


@release_rule(
    "ENGINE-LOADER",
    "error",
    prevents="vLLM exits at start: `Unexpected extra config keys for load format`, or `Memory limit supplied: … cannot "
    "be smaller than` the largest tensor; a limit that isn't a whole number is ignored.",
    source="vLLM 0.33 vllm/model_executor/model_loader; run-ai/runai-model-streamer file_streamer/requests_iterator.py",
    model=(*SOURCE, "engine.version", "engine.args"),
)
def loader_understands(_: Resolution, release: ReleaseView) -> Violations:
    """The loader of the weights has the keys that it is given, and a limit of memory that the largest tensor fits."""
    vllm, given = release.vllm, loader_options(release)
    if vllm is not None and given:
        yield from _keys(release, vllm, given)
        yield from _limit(release)


def _keys(release: ReleaseView, vllm: VllmVersion, given: Mapping[str, Any]) -> Violations:
    streams = release.settings.source.blob is not None
    known = vllm.runai_streamer_config_keys if streams else vllm.default_loader_config_keys
    what = "weights from the model store" if streams else "downloaded weights"
    for key, value in given.items():
        path = f"{release.options.path_of(_OPTION)}.{key}"
        if key not in known:
            yield Violation(path, f"`{key}` is not a key of the loader of {what}", nearest(str(key), known))
        elif key in _WHOLE and (isinstance(value, bool) or not isinstance(value, int)):
            yield Violation(path, f"{value}: `{key}` takes a whole number", "write a whole number without quotes")
        elif key == "concurrency" and value < 1:
            yield Violation(path, f"{value} threads read nothing", "write 1 or more, or leave it out")


def _limit(release: ReleaseView) -> Violations:
    limit = given_limit(release)
    path = f"{release.options.path_of(_OPTION)}.memory_limit"
    if limit is None or release.settings.source.blob is None:
        return
    tensor = embedding_bytes(release.architecture) if release.architecture is not None else None
    if limit < -1:
        yield Violation(path, f"{limit} bytes", "write -1 for no limit, 0 for one tensor, or a number of bytes")
    elif tensor is not None and 0 < limit < tensor:
        yield Violation(
            path,
            f"{limit} bytes, less than the embedding of `{release.settings.source.model_id}`, which takes {tensor}",
            f"write {tensor} or more, or leave it out: the platform sets a limit",
        )
