"""Rules about models: known to the catalog, on pools that can run them, with legal tensor parallelism."""

from config.wording import listed, nearest
from planning import model_config
from planning.memory import computable, legal_tensor_parallel, tensor_parallel_sizes
from planning.placement.auto import AUTO
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, release_rule

_PARALLEL = "vLLM 0.33 vllm/config/model.py verify_with_parallel_config"
_OTHERWISE = "Otherwise add hf_config, the model's config.json"


@release_rule(
    "MODEL-UNKNOWN",
    "error",
    prevents="CUDA out of memory on the cluster: the model's size is unknown, so nobody checked that it fits.",
    source="catalog/models.yaml",
    model=SOURCE,
)
def model_known(stack: Resolution, release: ReleaseView) -> Violations:
    """The catalog has the model, or the stack file gives its config.json."""
    if release.architecture is None and release.settings.source.hf_config is None:
        wanted = release.settings.source.model_id
        field = "huggingface" if release.settings.source.huggingface else "model"
        near = nearest(wanted, stack.catalog.models)
        yield Violation(
            f"{release.path}.source.{field}",
            f"model `{wanted}` is not in the catalog",
            f"{near} {_OTHERWISE}",
            (f"{release.path}.source.{field}", f"{release.path}.source.hf_config"),
        )


@release_rule(
    "MODEL-CONFIG",
    "error",
    prevents="CUDA out of memory on the cluster: the model's config.json lacks what its memory is computed from.",
    source="https://huggingface.co/docs/transformers/main_classes/configuration",
    model=SOURCE,
)
def configuration_understood(stack: Resolution, release: ReleaseView) -> Violations:
    """The config.json of a model outside the catalog can be read, and says enough to compute the model's memory."""
    source, path = release.settings.source, f"{release.path}.source.hf_config"
    if isinstance(source.hf_config, str):
        yield Violation(
            path,
            f"`{source.hf_config}` can't be read as a JSON object beside the stack file",
            "write the path of the model's config.json, from the folder of the stack file",
        )
    elif source.hf_config is not None and release.architecture is None:
        try:
            model_config.read(source.hf_config, source.model_id, stack.vllm_of(release.settings))
        except model_config.UnreadableError as error:
            yield Violation(path, str(error), error.fix)
    elif source.hf_config is not None and release.architecture is not None and release.architecture.weights_gib is None:
        why = model_config.unknown_weights(source.hf_config, stack.vllm_of(release.settings))
        yield Violation(
            f"{release.path}.source.weights_gib",
            f"the size of the weights can't be counted: {why}",
            "add weights_gib, the GiB of the safetensors files together",
        )


@release_rule(
    "MODEL-ATTENTION",
    "error",
    prevents="CUDA out of memory or idle GPU memory: the KV cache is computed by a formula that doesn't hold for this "
    "model.",
    source="catalog/models.yaml",
    model=SOURCE,
)
def cache_understood(stack: Resolution, release: ReleaseView) -> Violations:
    """The memory ledger can compute the model's KV cache; it never guesses."""
    known = release.architecture
    if known is None or release.settings.source.hf_config is not None:
        return
    if computable(known) and known.weights_gib is not None:
        return
    if computable(known):
        why = "the size of its weights is not in the catalog"
    else:
        why = f"the size of its cache per layer is not in the catalog ({known.attention})"
    able = [name for name, model in stack.catalog.models.items() if computable(model) and model.weights_gib is not None]
    yield Violation(
        f"{release.path}.source",
        f"the memory of `{known.id}` can't be computed: {why}",
        f"choose one of {listed(able)}",
    )


@release_rule(
    "MODEL-CONTEXT",
    "error",
    prevents="vLLM exits at start: `User-specified max_model_len … is greater than the derived max_model_len`.",
    source="vLLM 0.33 vllm/config/model.py",
    model=(*SOURCE, "context"),
)
def context_supported(_: Resolution, release: ReleaseView) -> Violations:
    """`context` is at most what the model was trained for, and `typical_tokens` at most `context`."""
    if release.architecture is not None and release.settings.context > release.architecture.max_context_tokens > 0:
        most = release.architecture.max_context_tokens
        yield Violation(
            f"{release.path}.context",
            f"{release.settings.context} tokens; `{release.architecture.id}` takes {most}",
            f"write {most} or less",
        )
    typical = release.settings.typical_tokens
    if typical is not None and typical > release.settings.context:
        yield Violation(
            f"{release.path}.typical_tokens",
            f"{typical} tokens, more than the longest request ({release.path}.context: {release.settings.context})",
            f"write {release.settings.context} or less",
            (f"{release.path}.typical_tokens", f"{release.path}.context"),
        )


@release_rule(
    "TP-HEADS",
    "error",
    prevents="vLLM exits at start: `Total number of attention heads (…) must be divisible by tensor parallel size`.",
    source=_PARALLEL,
    model=(*SOURCE, "engine.tensor_parallel"),
)
def heads_divide(_: Resolution, release: ReleaseView) -> Violations:
    """`tensor_parallel` divides the model's attention heads and key-value heads."""
    wanted = release.settings.engine.tensor_parallel
    if release.architecture is not None and not legal_tensor_parallel(
        release.architecture.heads, release.architecture.kv_heads, wanted
    ):
        heads, kv_heads = release.architecture.heads, release.architecture.kv_heads
        yield Violation(
            f"{release.path}.engine.tensor_parallel",
            f"{wanted} doesn't divide {heads} heads and {kv_heads} key-value heads",
            f"write one of {listed(tensor_parallel_sizes(release.architecture))}",
        )


@placement_rule(
    "TP-DEVICES",
    "error",
    prevents="The pod stays Pending: `Insufficient nvidia.com/gpu`, because no node has that many GPUs; or vLLM exits "
    "at start, because NCCL can't connect MIG slices.",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
    model=("engine.tensor_parallel", "pool", "slice"),
    pool=("name", *DEVICES),
)
def devices_suffice(_: Resolution, place: ReleaseOnPool) -> Violations:
    """All GPUs of a replica are on one node of the pool; on MIG slices a replica takes one."""
    release, pool, device = place.release, place.pool, place.device
    wanted = release.settings.engine.tensor_parallel
    if device is None:
        return
    if pool.is_mig and wanted > 1:
        yield Violation(
            f"{release.path}.engine.tensor_parallel",
            f"{wanted}, but pool `{pool.name}` offers MIG slices, which cannot communicate with each other",
            "write 1, or choose a pool of whole GPUs",
        )
    elif not pool.is_mig and wanted > device.per_node:
        yield Violation(
            f"{release.path}.engine.tensor_parallel",
            f"{wanted} GPUs for one replica; a node of `{pool.name}` ({pool.settings.vm_size}) has {device.per_node}",
            f"write {device.per_node} or less, or choose a pool of larger nodes",
        )


@release_rule(
    "POOL-UNKNOWN",
    "error",
    prevents="The pod stays Pending: `node(s) didn't match Pod's node affinity/selector`.",
    source="this stack file",
    model=("pool",),
)
def pool_exists(stack: Resolution, release: ReleaseView) -> Violations:
    """A model names pools of the stack file, and no pool twice."""
    for position, (name, pool) in enumerate(zip(release.settings.pools, release.pools, strict=True)):
        path = f"{release.path}.pool" if isinstance(release.settings.pool, str) else f"{release.path}.pool[{position}]"
        if pool is None and name == AUTO and isinstance(release.settings.pool, str):
            # Rule POOL-AUTO-NONE says why none was chosen.
            continue
        if pool is None:
            declared = {f"{known.path}.name": known.name for known in stack.pools}
            listing = ", ".join(f"{place}: {known}" for place, known in declared.items())
            yield Violation(
                path, f"pool `{name}` is not declared ({listing})", nearest(name, declared.values()), (path, *declared)
            )
        elif position and name in release.settings.pools[:position]:
            yield Violation(
                path,
                f"`{name}` is named twice; [floor, burst] are two pools",
                "name another pool, or write a single name",
            )


@placement_rule(
    "POOL-CLASS",
    "error",
    prevents="The pod stays Pending: `node(s) had untolerated taint`, because the pool is reserved for other work.",
    source="this stack file",
    model=("pool",),
    pool=("name", "class"),
    reads=("pools",),
)
def pool_serves_models(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """Models run on pools of class inference."""
    if place.pool.settings.pool_class != "inference":
        able = [pool.name for pool in stack.pools if pool.settings.pool_class == "inference"]
        yield Violation(
            place.path,
            f"pool `{place.pool.name}` is of class `{place.pool.settings.pool_class}`",
            f"choose a pool of class `inference`: {listed(able)}",
        )
