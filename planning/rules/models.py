"""Rules about models: known ones, on pools that can run them, with legal tensor parallelism and a token where gated."""

from planning.memory import computable, legal_tensor_parallel
from planning.model_config import config as hf_config
from planning.placement.auto import AUTO
from planning.placement.model_on_pool import ModelOnPool
from planning.resolving.resolution import ModelView, Resolution
from planning.rules.reads import DEVICES, SOURCE
from planning.rules.register import Violation, Violations, model_rule, placement_rule
from planning.rules.words import listed, nearest

_PARALLEL = "vLLM 0.33 vllm/config/model.py verify_with_parallel_config"
_OTHERWISE = "Otherwise add hf_config, the model's config.json"


@model_rule(
    "MODEL-UNKNOWN",
    "error",
    prevents="CUDA out of memory on the cluster: nothing is known of the model's size, so nothing proves that it fits.",
    source="catalog/models.yaml",
    model=SOURCE,
)
def model_known(stack: Resolution, model: ModelView) -> Violations:
    """The catalog has the model, or the stack file gives its config.json."""
    if model.known is None and model.settings.source.hf_config is None:
        wanted = model.settings.source.model_id
        field = "huggingface" if model.settings.source.huggingface else "model"
        near = nearest(wanted, stack.catalog.models)
        yield Violation(
            f"{model.path}.source.{field}",
            f"model `{wanted}` is not in the catalog",
            f"{near} {_OTHERWISE}",
            (f"{model.path}.source.{field}", f"{model.path}.source.hf_config"),
        )


@model_rule(
    "MODEL-CONFIG",
    "error",
    prevents="CUDA out of memory on the cluster: the model's config.json lacks what its memory is computed from.",
    source="https://huggingface.co/docs/transformers/main_classes/configuration",
    model=SOURCE,
)
def configuration_understood(_: Resolution, model: ModelView) -> Violations:
    """The config.json of a model outside the catalog can be read, and says enough to compute the model's memory."""
    source, path = model.settings.source, f"{model.path}.source.hf_config"
    if isinstance(source.hf_config, str):
        yield Violation(
            path,
            f"`{source.hf_config}` can't be read as a JSON object beside the stack file",
            "write the path of the model's config.json, from the folder of the stack file",
        )
    elif source.hf_config is not None and model.known is None:
        try:
            hf_config.read(source.hf_config, source.model_id)
        except hf_config.UnreadableError as error:
            yield Violation(path, str(error), error.fix)
    elif source.hf_config is not None and model.known is not None and model.known.weights_gib is None:
        yield Violation(
            f"{model.path}.source.weights_gib",
            f"the size of the weights can't be counted: {hf_config.unknown_weights(source.hf_config)}",
            "add weights_gib, the GiB of the safetensors files together",
        )


@model_rule(
    "MODEL-ATTENTION",
    "error",
    prevents="CUDA out of memory or idle GPU memory: the KV cache is computed by a formula that doesn't hold for this "
    "model.",
    source="catalog/models.yaml",
    model=SOURCE,
)
def cache_understood(stack: Resolution, model: ModelView) -> Violations:
    """The memory ledger can compute the model's KV cache; it never guesses."""
    known = model.known
    if known is None or model.settings.source.hf_config is not None:
        return
    if computable(known) and known.weights_gib is not None:
        return
    if computable(known):
        why = "the size of its weights is not in the catalog"
    elif known.attention_kind == "none":
        why = "it is an encoder without a KV cache"
    else:
        why = f"what its layers keep is not in the catalog ({known.attention})"
    able = [name for name, one in stack.catalog.models.items() if computable(one) and one.weights_gib is not None]
    yield Violation(
        f"{model.path}.source",
        f"the memory of `{known.id}` can't be computed: {why}",
        f"choose one of {listed(able)}",
    )


@model_rule(
    "MODEL-CONTEXT",
    "error",
    prevents="vLLM exits at start: `User-specified max_model_len … is greater than the derived max_model_len`.",
    source="vLLM 0.33 vllm/config/model.py",
    model=(*SOURCE, "context"),
)
def context_supported(_: Resolution, model: ModelView) -> Violations:
    """`context` is at most what the model was trained for, and `typical_tokens` at most `context`."""
    if model.known is not None and model.settings.context > model.known.max_context_tokens > 0:
        most = model.known.max_context_tokens
        yield Violation(
            f"{model.path}.context",
            f"{model.settings.context} tokens; `{model.known.id}` takes {most}",
            f"write {most} or less",
        )
    typical = model.settings.typical_tokens
    if typical is not None and typical > model.settings.context:
        yield Violation(
            f"{model.path}.typical_tokens",
            f"{typical} tokens, more than the longest request ({model.path}.context: {model.settings.context})",
            f"write {model.settings.context} or less",
            (f"{model.path}.typical_tokens", f"{model.path}.context"),
        )


@model_rule(
    "TP-HEADS",
    "error",
    prevents="vLLM exits at start: `Total number of attention heads must be divisible by tensor parallel size`.",
    source=_PARALLEL,
    model=(*SOURCE, "engine.tensor_parallel"),
)
def heads_divide(_: Resolution, model: ModelView) -> Violations:
    """`tensor_parallel` divides the model's attention heads and key-value heads."""
    wanted = model.settings.engine.tensor_parallel
    if model.known is not None and not legal_tensor_parallel(model.known.heads, model.known.kv_heads, wanted):
        legal = [
            size for size in (1, 2, 4, 8, 16) if legal_tensor_parallel(model.known.heads, model.known.kv_heads, size)
        ]
        yield Violation(
            f"{model.path}.engine.tensor_parallel",
            f"{wanted} doesn't divide {model.known.heads} heads and {model.known.kv_heads} key-value heads",
            f"write one of {listed(legal)}",
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
def devices_suffice(_: Resolution, place: ModelOnPool) -> Violations:
    """All GPUs of a replica are on one node of the pool; on MIG slices a replica takes one."""
    model, pool, device = place.model, place.pool, place.device
    wanted = model.settings.engine.tensor_parallel
    if device is None:
        return
    if pool.is_mig and wanted > 1:
        yield Violation(
            f"{model.path}.engine.tensor_parallel",
            f"{wanted}, but pool `{pool.name}` offers MIG slices, between which there is no connection",
            "write 1, or choose a pool of whole GPUs",
        )
    elif not pool.is_mig and wanted > device.per_node:
        yield Violation(
            f"{model.path}.engine.tensor_parallel",
            f"{wanted} GPUs for one replica; a node of `{pool.name}` ({pool.settings.vm_size}) has {device.per_node}",
            f"write {device.per_node} or less, or choose a pool of larger nodes",
        )


@model_rule(
    "POOL-UNKNOWN",
    "error",
    prevents="The pod stays Pending: `node(s) didn't match Pod's node affinity/selector`.",
    source="this stack file",
    model=("pool",),
)
def pool_exists(stack: Resolution, model: ModelView) -> Violations:
    """A model names pools of the stack file, and no pool twice."""
    for position, (name, pool) in enumerate(zip(model.settings.pools, model.pools, strict=True)):
        path = f"{model.path}.pool" if isinstance(model.settings.pool, str) else f"{model.path}.pool[{position}]"
        if pool is None and name == AUTO and isinstance(model.settings.pool, str):
            # Rule POOL-AUTO-NONE says why none was chosen.
            continue
        if pool is None:
            declared = {f"{known.path}.name": known.name for known in stack.pools}
            listing = ", ".join(f"{place}: {known}" for place, known in declared.items())
            yield Violation(
                path, f"pool `{name}` is not declared ({listing})", nearest(name, declared.values()), (path, *declared)
            )
        elif position and name in model.settings.pools[:position]:
            yield Violation(
                path,
                f"`{name}` is named twice; [floor, burst] are two pools",
                "name another pool, or write one name alone",
            )


@placement_rule(
    "POOL-CLASS",
    "error",
    prevents="The pod stays Pending: `node(s) had untolerated taint`, because the pool is kept for other work.",
    source="this stack file",
    model=("pool",),
    pool=("name", "class"),
)
def pool_serves_models(stack: Resolution, place: ModelOnPool) -> Violations:
    """Models run on pools of class inference."""
    if place.pool.settings.workload != "inference":
        able = [pool.name for pool in stack.pools if pool.settings.workload == "inference"]
        yield Violation(
            place.path,
            f"pool `{place.pool.name}` is of class `{place.pool.settings.workload}`",
            f"choose a pool of class `inference`: {listed(able)}",
        )
