"""Which attention layers a model has, in order, and how the layers are distributed over pipeline stages."""

from catalog import AttentionLayers, ModelArchitecture

# GPUs over which a layer may be sharded: as many as machines have, and what two of them have together.
_PARALLEL_SIZES = (1, 2, 4, 8, 16)


def attention_layers(model: ModelArchitecture) -> tuple[AttentionLayers, ...]:
    """The model's groups of layers; empty where they are not known or the model keeps no KV cache."""
    if model.caches:
        return model.caches
    if model.attention_kind == "full" and model.head_dim is not None:
        plain = AttentionLayers(kind="full", layers=model.layers, kv_heads=model.kv_heads, head_dim=model.head_dim)
        return (plain,)
    return ()


def computable(model: ModelArchitecture) -> bool:
    """Whether the model's KV cache can be computed from what the catalog says of the model: encoders keep none."""
    return keeps_no_cache(model) or bool(attention_layers(model))


def keeps_no_cache(model: ModelArchitecture) -> bool:
    """Whether the model is an encoder: it reads every request at once and keeps nothing of it."""
    return model.attention_kind == "none"


def layers_in_order(groups: tuple[AttentionLayers, ...]) -> tuple[AttentionLayers, ...]:
    """The group of every layer that has a cache, from the first layer to the last."""
    left = [group.layers for group in groups]
    order: list[AttentionLayers] = []
    while any(left):
        for index, group in enumerate(groups):
            taken = min(group.in_a_row, left[index])
            left[index] -= taken
            order += [group] * taken
    return tuple(order)


def stage_sizes(layers: int, stages: int) -> tuple[int, ...]:
    """Layers of each pipeline stage; the remainder of the division goes to the stages before the last.

    Source: vLLM 0.33 vllm/distributed/utils.py get_pp_indices.
    """
    sizes = [layers // stages] * stages
    for back in range(2, layers % stages + 2):
        sizes[-back] += 1
    return tuple(sizes)


def legal_tensor_parallel(heads: int, kv_heads: int, size: int) -> bool:
    """Whether `size` divides the heads, and the key-value heads can be either divided or replicated evenly."""
    return heads % size == 0 and (kv_heads % size == 0 or size % kv_heads == 0)


def tensor_parallel_sizes(model: ModelArchitecture) -> list[int]:
    """Numbers of GPUs over which the model's layers can be sharded, smallest first."""
    return [size for size in _PARALLEL_SIZES if legal_tensor_parallel(model.heads, model.kv_heads, size)]
