"""Rules about models: known ones, on pools that can run them, with legal tensor parallelism and a token where gated."""

from collections.abc import Iterator

from planning.checks.words import listed, nearest
from planning.memory import has_dense_cache
from planning.rules import Problem, rule
from planning.situation import GPU_TAINT, SPOT_TAINT, Situation

_PARALLEL = "vLLM 0.33 vllm/config/model.py verify_with_parallel_config"
# What is left of the eviction notice of about 30 seconds once vLLM has been told.
_SPOT_DRAIN_SECONDS = 20


@rule("MODEL-UNKNOWN", "error", prevents="a plan about a model whose size nobody knows", source="catalog/models.yaml")
def model_known(s: Situation) -> Iterator[Problem]:
    """The model's architecture must be on file."""
    for model in s.models:
        if model.known is None:
            wanted = model.settings.source.model_id
            field = "huggingface" if model.settings.source.huggingface else "model"
            yield f"{model.path}.source.{field}", f"model `{wanted}` is not on file", nearest(wanted, s.catalog.models)


@rule(
    "MODEL-ATTENTION",
    "error",
    prevents="a memory figure from a formula that doesn't hold for the model",
    source="catalog/models.yaml",
)
def cache_understood(s: Situation) -> Iterator[Problem]:
    """Models whose KV cache the ledger can't compute are refused, rather than guessed."""
    for model in s.models:
        if model.known is not None and not (has_dense_cache(model.known) and model.known.weights_gib is not None):
            able = [name for name, known in s.catalog.models.items() if has_dense_cache(known) and known.weights_gib]
            yield (
                f"{model.path}.source",
                f"`{model.known.id}` ({model.known.attention_kind} attention) can't be computed yet",
                f"one of {listed(able)}",
            )


@rule(
    "MODEL-CONTEXT",
    "error",
    prevents="vLLM stopping with `max_model_len is greater than the derived max_model_len`",
    source="vLLM 0.33 vllm/config/model.py",
)
def context_supported(s: Situation) -> Iterator[Problem]:
    """The context must be one the model was trained for."""
    for model in s.models:
        if model.known is not None and model.settings.context > model.known.max_context_tokens:
            most = model.known.max_context_tokens
            yield (
                f"{model.path}.context",
                f"{model.settings.context} tokens; `{model.known.id}` takes {most}",
                f"{most} or less",
            )
        typical = model.settings.typical_tokens
        if typical is not None and typical > model.settings.context:
            yield (
                f"{model.path}.typical_tokens",
                f"{typical} tokens, more than the longest request ({model.settings.context})",
                f"{model.settings.context} or less",
            )


@rule(
    "TP-HEADS", "error", prevents="vLLM stopping because attention heads can't be shared out evenly", source=_PARALLEL
)
def heads_divide(s: Situation) -> Iterator[Problem]:
    """Attention heads and key-value heads must divide over the GPUs."""
    for model in s.models:
        wanted = model.settings.engine.tensor_parallel
        if model.known is not None and not legal_tensor_parallel(model.known.heads, model.known.kv_heads, wanted):
            legal = [
                size
                for size in (1, 2, 4, 8, 16)
                if legal_tensor_parallel(model.known.heads, model.known.kv_heads, size)
            ]
            yield (
                f"{model.path}.engine.tensor_parallel",
                f"{wanted} doesn't divide {model.known.heads} heads and {model.known.kv_heads} key-value heads",
                f"one of {listed(legal)}",
            )


def legal_tensor_parallel(heads: int, kv_heads: int, size: int) -> bool:
    """Whether heads divide over `size` GPUs, key-value heads either dividing or being replicated evenly."""
    return heads % size == 0 and (kv_heads % size == 0 or size % kv_heads == 0)


@rule(
    "TP-DEVICES",
    "error",
    prevents="a replica that asks for more GPUs than a node has, or for several slices",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
)
def devices_suffice(s: Situation) -> Iterator[Problem]:
    """All GPUs of a replica are on one node; slices can't be joined."""
    for model in s.models:
        wanted = model.settings.engine.tensor_parallel
        for pool, device in model.placed:
            if pool.by_mig and wanted > 1:
                yield (
                    f"{model.path}.engine.tensor_parallel",
                    f"{wanted}, but pool `{pool.name}` offers MIG slices, between which there is no connection",
                    "1, or a pool of whole GPUs",
                )
            elif not pool.by_mig and wanted > device.per_node:
                yield (
                    f"{model.path}.engine.tensor_parallel",
                    f"{wanted} GPUs for one replica; a node of `{pool.name}` ({pool.settings.vm_size}) has {device.per_node}",
                    f"{device.per_node} or less, or a pool of larger nodes",
                )


@rule("POOL-UNKNOWN", "error", prevents="pods that select nodes nobody declares", source="this stack file")
def pool_exists(s: Situation) -> Iterator[Problem]:
    """Models name declared pools."""
    for model in s.models:
        for position, (name, pool) in enumerate(zip(model.settings.pools, model.pools, strict=True)):
            path = f"{model.path}.pool" if isinstance(model.settings.pool, str) else f"{model.path}.pool[{position}]"
            if pool is None:
                yield path, f"pool `{name}` is not declared", nearest(name, [one.name for one in s.pools])
            elif pool.settings.workload != "inference":
                able = [one.name for one in s.pools if one.settings.workload == "inference"]
                yield (
                    path,
                    f"pool `{name}` is of class `{pool.settings.workload}`",
                    f"an inference pool: {listed(able)}",
                )
            elif position and name in model.settings.pools[:position]:
                yield path, f"`{name}` is named twice; [floor, burst] are two pools", "another pool, or one name alone"


@rule(
    "PLACE-TAINT",
    "error",
    prevents="pods Pending for ever before a taint that they don't tolerate",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
)
def taints_tolerated(s: Situation) -> Iterator[Problem]:
    """Models tolerate every taint of their pools."""
    for model in s.models:
        for pool in model.pools:
            for taint in pool.settings.taints if pool is not None else ():
                key = taint.split("=")[0]
                if key not in model.settings.tolerates:
                    yield (
                        f"{model.path}.tolerates",
                        f"pool `{pool.name if pool else ''}` carries the taint `{taint}`, which `{model.name}` doesn't tolerate",
                        f"tolerates: [{key}], or another pool",
                    )
        carried = {taint.split("=")[0] for pool in model.pools if pool is not None for taint in pool.settings.taints}
        for index, key in enumerate(model.settings.tolerates):
            if key not in carried and all(pool is not None for pool in model.pools):
                yield (
                    f"{model.path}.tolerates[{index}]",
                    f"no pool of `{model.name}` carries a taint `{key}`",
                    "leave it out",
                )


@rule(
    "POOL-TAINT",
    "error",
    prevents="a taint that hides the one the platform or Azure sets itself",
    source="https://learn.microsoft.com/azure/aks/use-node-taints",
)
def taints_are_new(s: Situation) -> Iterator[Problem]:
    """GPU and spot taints are set by the platform and by Azure."""
    kept = {taint.split("=")[0] for taint in (GPU_TAINT, SPOT_TAINT)}
    for pool in s.pools:
        for index, taint in enumerate(pool.settings.taints):
            key = taint.split("=")[0]
            if key in kept or key.startswith("kubernetes.azure.com/"):
                yield f"{pool.path}.taints[{index}]", f"`{key}` is set by the platform or by Azure", "leave it out"


@rule(
    "REPLICAS-ZERO",
    "error",
    prevents="a model that never starts: at zero replicas vLLM reports no queue to wake it",
    source="https://keda.sh/docs/2.20/scalers/prometheus/",
)
def never_zero(s: Situation) -> Iterator[Problem]:
    """A model keeps at least one replica."""
    for model in s.models:
        if model.settings.replicas.min < 1:
            yield (
                f"{model.path}.replicas.min",
                f"{model.settings.replicas.min}: scaling to zero isn't offered yet",
                "1 or more",
            )


@rule("REPLICAS-BURST", "error", prevents="a burst pool that can never be used", source="this stack file")
def burst_has_room(s: Situation) -> Iterator[Problem]:
    """With [floor, burst] there must be replicas beyond the floor."""
    for model in s.models:
        replicas = model.settings.replicas
        if len(model.settings.pools) > 1 and replicas.max == replicas.min:
            yield (
                f"{model.path}.replicas.max",
                f"{replicas.max} equals min: nothing is left for the burst pool",
                "a larger max",
            )


@rule("AUTOSCALE-FIXED", "error", prevents="a setting that nothing reads", source="this stack file")
def autoscaling_is_read(s: Situation) -> Iterator[Problem]:
    """Autoscaling has a meaning only where replicas may vary."""
    for model in s.models:
        replicas = model.settings.replicas
        if model.settings.autoscaling is not None and replicas.min == replicas.max:
            yield (
                f"{model.path}.autoscaling",
                f"replicas are fixed at {replicas.max}",
                "a larger replicas.max, or leave it out",
            )


@rule(
    "SPOT-FLOOR",
    "error",
    prevents="a model that disappears when Azure wants its spot nodes back",
    source="https://learn.microsoft.com/azure/aks/spot-node-pool",
)
def floor_on_demand(s: Situation) -> Iterator[Problem]:
    """The floor of a model stays on demand."""
    for model in s.models:
        pool = model.pools[0]
        if pool is not None and pool.spot:
            yield (
                f"{model.path}.pool",
                f"`{pool.name}` is a spot pool, and `{model.name}` has no other",
                "[on-demand pool, spot pool]",
            )


@rule(
    "SPOT-DRAIN",
    "warning",
    prevents="answers cut off when a spot node is evicted",
    source="https://learn.microsoft.com/azure/virtual-machines/spot-vms",
)
def drain_fits_notice(s: Situation) -> Iterator[Problem]:
    """Spot nodes give about 30 seconds of notice; longer requests on them are lost."""
    for model in s.models:
        if (
            any(pool is not None and pool.spot for pool in model.pools)
            and model.settings.drain_seconds > _SPOT_DRAIN_SECONDS
        ):
            yield (
                f"{model.path}.drain_seconds",
                f"{model.settings.drain_seconds} s, but a spot node is gone about 30 s after its notice",
                f"{_SPOT_DRAIN_SECONDS} or less, or clients that repeat a request that was cut off",
            )


@rule(
    "SEC-HF-TOKEN",
    "error",
    prevents="a download refused with 401 after the node is paid for",
    source="https://huggingface.co/docs/hub/models-gated",
)
def gated_needs_token(s: Situation) -> Iterator[Problem]:
    """Gated models from Hugging Face need a token."""
    for model in s.models:
        gated = model.known is not None and model.known.gated and model.settings.source.huggingface is not None
        if gated and s.settings.security.hugging_face_token is None:
            yield (
                "security.hugging_face_token",
                f"`{model.settings.source.model_id}` ({model.path}) is gated and no token is named",
                "the name of the vault's secret with a token that may read it",
            )


@rule(
    "SEC-BOOTSTRAP",
    "error",
    prevents="a secret in the stack's configuration that nobody reads",
    source="this stack file",
)
def bootstrap_is_read(s: Situation) -> Iterator[Problem]:
    """Secrets set with `pulumi config set --secret` are those that the platform asks the vault for."""
    known = secret_names(s)
    for name in s.bootstrap:
        if name not in known:
            yield name, f"no setting names a secret `{name}`", nearest(name, known)


def secret_names(s: Situation) -> tuple[str, ...]:
    """Names of the vault's secrets that this stack uses, sorted."""
    security, gateway = s.settings.security, s.settings.gateway
    names = {gateway.certificate, *(client.key_secret for client in gateway.clients)}
    return tuple(sorted(names | ({security.hugging_face_token} if security.hugging_face_token else set())))
