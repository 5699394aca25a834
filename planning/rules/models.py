"""Rules about models: known ones, on pools that can run them, with legal tensor parallelism and a token where gated."""

from collections.abc import Iterator

from planning.memory import computable, legal_tensor_parallel, tensor_parallel_sizes
from planning.model_config import config as hf_config
from planning.placement.auto import AUTO
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed, nearest

_PARALLEL = "vLLM 0.33 vllm/config/model.py verify_with_parallel_config"
# What is left of the eviction notice of about 30 seconds once vLLM has been told.
_SPOT_DRAIN_SECONDS = 20
_OTHERWISE = "Otherwise add hf_config, the model's config.json"


@rule("MODEL-UNKNOWN", "error", prevents="a plan about a model whose size nobody knows", source="catalog/models.yaml")
def model_known(stack: Resolution) -> Iterator[Problem]:
    """The model's architecture must be on file."""
    for model in stack.releases:
        if model.architecture is None and model.settings.source.hf_config is None:
            wanted = model.settings.source.model_id
            field = "huggingface" if model.settings.source.huggingface else "model"
            near = nearest(wanted, stack.catalog.models)
            yield f"{model.path}.source.{field}", f"model `{wanted}` is not on file", f"{near} {_OTHERWISE}"


@rule(
    "MODEL-CONFIG",
    "error",
    prevents="a plan about a model whose configuration tells too little",
    source="https://huggingface.co/docs/transformers/main_classes/configuration",
)
def configuration_understood(stack: Resolution) -> Iterator[Problem]:
    """The config.json of a model outside the catalog is read, and its memory can be computed from it."""
    for model in stack.releases:
        source, path = model.settings.source, f"{model.path}.source.hf_config"
        if isinstance(source.hf_config, str):
            message = f"`{source.hf_config}` can't be read as a JSON object beside the stack file"
            yield path, message, "write the path of the model's config.json, from the folder of the stack file"
        elif source.hf_config is not None and model.architecture is None:
            try:
                hf_config.read(source.hf_config, source.model_id, stack.vllm_of(model.settings))
            except hf_config.UnreadableError as error:
                yield path, str(error), error.fix
        elif source.hf_config is not None and model.architecture is not None and model.architecture.weights_gib is None:
            why = hf_config.unknown_weights(source.hf_config, stack.vllm_of(model.settings))
            fix = "add weights_gib, the GiB of the safetensors files together"
            yield f"{model.path}.source.weights_gib", f"the size of the weights can't be counted: {why}", fix


@rule(
    "MODEL-ATTENTION",
    "error",
    prevents="a memory figure from a formula that doesn't hold for the model",
    source="catalog/models.yaml",
)
def cache_understood(stack: Resolution) -> Iterator[Problem]:
    """Models whose KV cache the ledger can't compute are refused, rather than guessed."""
    able = [name for name, known in stack.catalog.models.items() if computable(known) and known.weights_gib is not None]
    for model in stack.releases:
        known = model.architecture
        if known is None or model.settings.source.hf_config is not None:
            continue
        if computable(known) and known.weights_gib is not None:
            continue
        if computable(known):
            why = "the size of its weights is not on file"
        elif known.attention_kind == "none":
            why = "it is an encoder without a KV cache"
        else:
            why = f"what its layers keep is not on file ({known.attention})"
        yield (
            f"{model.path}.source",
            f"the memory of `{known.id}` can't be computed: {why}",
            f"choose one of {listed(able)}",
        )


@rule(
    "MODEL-CONTEXT",
    "error",
    prevents="vLLM stopping with `max_model_len is greater than the derived max_model_len`",
    source="vLLM 0.33 vllm/config/model.py",
)
def context_supported(stack: Resolution) -> Iterator[Problem]:
    """The context must be one the model was trained for."""
    for model in stack.releases:
        if model.architecture is not None and model.settings.context > model.architecture.max_context_tokens > 0:
            most = model.architecture.max_context_tokens
            yield (
                f"{model.path}.context",
                f"{model.settings.context} tokens; `{model.architecture.id}` takes {most}",
                f"write {most} or less",
            )
        typical = model.settings.typical_tokens
        if typical is not None and typical > model.settings.context:
            yield (
                f"{model.path}.typical_tokens",
                f"{typical} tokens, more than the longest request ({model.path}.context: {model.settings.context})",
                f"write {model.settings.context} or less",
            )


@rule(
    "TP-HEADS", "error", prevents="vLLM stopping because attention heads can't be shared out evenly", source=_PARALLEL
)
def heads_divide(stack: Resolution) -> Iterator[Problem]:
    """Attention heads and key-value heads must divide over the GPUs."""
    for model in stack.releases:
        wanted = model.settings.engine.tensor_parallel
        if model.architecture is not None and not legal_tensor_parallel(
            model.architecture.heads, model.architecture.kv_heads, wanted
        ):
            yield (
                f"{model.path}.engine.tensor_parallel",
                (
                    f"{wanted} doesn't divide {model.architecture.heads} heads and {model.architecture.kv_heads} "
                    "key-value heads"
                ),
                f"write one of {listed(tensor_parallel_sizes(model.architecture))}",
            )


@rule(
    "TP-DEVICES",
    "error",
    prevents="a replica that asks for more GPUs than a node has, or for several slices",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
)
def devices_suffice(stack: Resolution) -> Iterator[Problem]:
    """All GPUs of a replica are on one node; slices can't be joined."""
    for model in stack.releases:
        wanted = model.settings.engine.tensor_parallel
        for pool, device in model.placed:
            if pool.is_mig and wanted > 1:
                yield (
                    f"{model.path}.engine.tensor_parallel",
                    f"{wanted}, but pool `{pool.name}` offers MIG slices, between which there is no connection",
                    "write 1, or choose a pool of whole GPUs",
                )
            elif not pool.is_mig and wanted > device.per_node:
                yield (
                    f"{model.path}.engine.tensor_parallel",
                    (
                        f"{wanted} GPUs for one replica; a node of `{pool.name}` ({pool.settings.vm_size}) has "
                        f"{device.per_node}"
                    ),
                    f"write {device.per_node} or less, or choose a pool of larger nodes",
                )


@rule("POOL-UNKNOWN", "error", prevents="pods that select nodes nobody declares", source="this stack file")
def pool_exists(stack: Resolution) -> Iterator[Problem]:
    """Models name declared pools."""
    declared = ", ".join(f"{pool.path}.name: {pool.name}" for pool in stack.pools)
    for model in stack.releases:
        for position, (name, pool) in enumerate(zip(model.settings.pools, model.pools, strict=True)):
            path = f"{model.path}.pool" if isinstance(model.settings.pool, str) else f"{model.path}.pool[{position}]"
            if pool is None and name == AUTO and isinstance(model.settings.pool, str):
                # Rule POOL-AUTO-NONE tells why none was chosen.
                continue
            if pool is None:
                yield (
                    path,
                    f"pool `{name}` is not declared ({declared})",
                    nearest(name, [one.name for one in stack.pools]),
                )
            elif pool.settings.workload != "inference":
                able = [one.name for one in stack.pools if one.settings.workload == "inference"]
                yield (
                    path,
                    f"pool `{name}` is of class `{pool.settings.workload}`",
                    f"choose a pool of class `inference`: {listed(able)}",
                )
            elif position and name in model.settings.pools[:position]:
                yield (
                    path,
                    f"`{name}` is named twice; [floor, burst] are two pools",
                    "name another pool, or write one name alone",
                )


@rule(
    "REPLICAS-ZERO",
    "error",
    prevents="a model that never starts: at zero replicas vLLM reports no queue to wake it",
    source="https://keda.sh/docs/2.20/scalers/prometheus/",
)
def never_zero(stack: Resolution) -> Iterator[Problem]:
    """A model keeps at least one replica."""
    for model in stack.releases:
        if model.settings.replicas.min < 1:
            yield (
                f"{model.path}.replicas.min",
                f"{model.settings.replicas.min}: scaling to zero isn't offered yet",
                "write 1 or more",
            )


@rule("REPLICAS-BURST", "error", prevents="a burst pool that can never be used", source="this stack file")
def burst_has_room(stack: Resolution) -> Iterator[Problem]:
    """With [floor, burst] there must be replicas beyond the floor."""
    for model in stack.releases:
        replicas = model.settings.replicas
        if len(model.settings.pools) > 1 and replicas.max == replicas.min:
            yield (
                f"{model.path}.replicas.max",
                f"{replicas.max} equals min: nothing is left for the burst pool",
                "write a larger max, or a single pool",
            )


@rule("AUTOSCALE-FIXED", "error", prevents="a setting that nothing reads", source="this stack file")
def autoscaling_is_read(stack: Resolution) -> Iterator[Problem]:
    """Autoscaling has a meaning only where replicas may vary."""
    for model in stack.releases:
        replicas = model.settings.replicas
        if model.settings.autoscaling is not None and replicas.min == replicas.max:
            yield (
                f"{model.path}.autoscaling",
                f"replicas are fixed at {replicas.max}",
                f"raise {model.path}.replicas.max, or leave it out",
            )


@rule(
    "SPOT-FLOOR",
    "error",
    prevents="a model that disappears when Azure wants its spot nodes back",
    source="https://learn.microsoft.com/azure/aks/spot-node-pool",
)
def floor_on_demand(stack: Resolution) -> Iterator[Problem]:
    """The floor of a model stays on demand."""
    for model in stack.releases:
        pool = model.pools[0]
        if pool is not None and pool.spot:
            yield (
                f"{model.path}.pool",
                f"`{pool.name}` is a spot pool ({pool.path}.capacity), and `{model.name}` has no floor elsewhere",
                "write [on-demand pool, spot pool]",
            )


@rule(
    "SPOT-DRAIN",
    "warning",
    prevents="answers cut off when a spot node is evicted",
    source="https://learn.microsoft.com/azure/virtual-machines/spot-vms",
)
def drain_fits_notice(stack: Resolution) -> Iterator[Problem]:
    """Spot nodes give about 30 seconds of notice; longer requests on them are lost."""
    for model in stack.releases:
        if (
            any(pool is not None and pool.spot for pool in model.pools)
            and model.settings.drain_seconds > _SPOT_DRAIN_SECONDS
        ):
            yield (
                f"{model.path}.drain_seconds",
                f"{model.settings.drain_seconds} s, but a spot node is gone about 30 s after its notice",
                f"write {_SPOT_DRAIN_SECONDS} or less, or have clients repeat a request that was cut off",
            )


@rule(
    "SEC-HF-TOKEN",
    "error",
    prevents="a download refused with 401 after the node is paid for",
    source="https://huggingface.co/docs/hub/models-gated",
)
def gated_needs_token(stack: Resolution) -> Iterator[Problem]:
    """Gated models from Hugging Face need a token."""
    for model in stack.releases:
        gated = (
            model.architecture is not None
            and model.architecture.gated
            and model.settings.source.huggingface is not None
        )
        if gated and stack.settings.security.hugging_face_token is None:
            yield (
                "security.hugging_face_token",
                f"`{model.settings.source.model_id}` ({model.path}) is gated and no token is named",
                "write the name of the vault's secret with a token that may read it",
            )


@rule(
    "SEC-BOOTSTRAP",
    "error",
    prevents="a secret in the stack's configuration that nobody reads",
    source="this stack file",
)
def bootstrap_is_read(stack: Resolution) -> Iterator[Problem]:
    """Secrets set with `pulumi config set --secret` are those that the platform asks the vault for."""
    known = secret_names(stack)
    clients = [f"gateway.clients[{index}].key_secret" for index in range(len(stack.settings.gateway.clients))]
    places = ", ".join(("security.hugging_face_token", "gateway.certificate", *clients))
    for name in stack.bootstrap:
        if name not in known:
            yield name, f"no setting names a secret `{name}` ({places})", nearest(name, known)


def secret_names(stack: Resolution) -> tuple[str, ...]:
    """Names of the vault's secrets that this stack uses, sorted."""
    security, gateway = stack.settings.security, stack.settings.gateway
    names = {gateway.certificate, *(client.key_secret for client in gateway.clients)}
    return tuple(sorted(names | ({security.hugging_face_token} if security.hugging_face_token else set())))
