"""The cache of one layer on one GPU: vLLM's cache specification of a layer, as numbers.

Source: vLLM 0.33 vllm/v1/kv_cache_interface.py (page sizes), vllm/platforms/interface.py (_align_hybrid_block_size),
vllm/model_executor/layers/mamba/mamba_utils.py (states), vllm/platforms/cuda.py (which kernel, hence which block).
"""

import math

from msgspec import Struct

from catalog import AttentionLayers, ModelArchitecture, RecurrentState
from planning.memory.architecture import attention_layers, layers_in_order
from planning.memory.demand import Demand

# Kernels of compressed attention (mla) read blocks of these sizes; others take vLLM's default.
_SPARSE_BLOCK, _FLASH_MLA_BLOCK, _FLASHINFER_MLA_BLOCK = 64, 64, 32
_HEAD_512, _HEAD_512_FP8_BLOCK = 512, 64
# DeepSeek's packed 8-bit row: 512 numbers, 16 bytes of scales, 64 rotary numbers of two bytes.
_PACKED_SPARSE_ROW = 656
# FlashInfer's kernel for gated delta nets stores states every 64 tokens; Mamba 2 anywhere.
_GATED_DELTA_STEP, _GATED_DELTA_KEY_DIM = 64, 128
# Blocks of latent attention beside states are a multiple of this (TensorRT-LLM's kernels), and so large are those of
# MiniMax-M3's sparse attention.
_HYBRID_MLA_BLOCK, _SPARSE_FULL_BLOCK = 128, 128
_CONVOLUTION_BYTES = 2


class LayerCache(Struct, frozen=True):
    """One layer's cache on one GPU; layers that are equal can share a table of blocks.

    `page_bytes` is what the layer takes of one block of `block_tokens` tokens. `reach` is the window or chunk in
    tokens; with a state it is the number of pages that every request holds.
    """

    kind: str
    block_tokens: int
    page_bytes: int
    reach: int = 0
    heads: int = 1
    width: int = 0
    indexed: bool = False


def layer_caches(model: ModelArchitecture, demand: Demand) -> tuple[LayerCache, ...]:
    """The cache of every layer, first to last, draft layers behind them.

    Raises:
        ValueError: the model's attention layers are not in the catalog.
    """
    groups = attention_layers(model)
    if not groups:
        message = f"the attention layers of {model.id} are not in the catalog"
        raise ValueError(message)
    dtype = cache_dtype(model, demand)
    block = _block_tokens(groups, dtype, demand)
    states = [group.state for group in groups if group.state is not None]
    if states:
        block = max(_aligned_block(state, groups, block, dtype, demand) for state in states)
    each = {group: _layer_cache(group, groups, block, dtype, demand) for group in groups}
    layers = [each[group] for group in layers_in_order(groups)]
    if demand.draft is not None:
        layers += [each[_drafting(groups)]] * demand.draft.layers
    return tuple(layers)


def cache_dtype(model: ModelArchitecture, demand: Demand) -> str:
    """The number format of the KV cache: the option's, else the checkpoint's, else the GPU's for this model."""
    if demand.kv_cache_dtype != "auto":
        return demand.kv_cache_dtype
    if model.cache_dtype == "auto" and demand.family == "10" and model.cc10_cache_dtype is not None:
        return model.cc10_cache_dtype
    return model.cache_dtype


def _drafting(groups: tuple[AttentionLayers, ...]) -> AttentionLayers:
    """The group that a draft's layers are like: full attention, with the model's own heads, and an index if any has."""
    full = [group for group in groups if group.kind in ("full", "mla")]
    return max(full, key=lambda group: group.index_bytes, default=groups[0])


def _layer_cache(
    group: AttentionLayers, groups: tuple[AttentionLayers, ...], block: int, dtype: str, demand: Demand
) -> LayerCache:
    if group.state is not None:
        page = block * _key_bytes(_drafting(groups), dtype, demand)
        return LayerCache("linear", block, page, _state_pages(group.state, demand))
    heads = _heads(group, demand)
    page = block * _key_bytes(group, dtype, demand) + block // group.index_tokens * group.index_bytes
    # Without vLLM's hybrid cache, every layer keeps every token.
    kind = group.kind if demand.hybrid_cache or group.kind == "mla" else "full"
    reach = group.window or 0 if kind in ("sliding", "chunked") else 0
    return LayerCache(kind, block, page, reach, heads, group.head_dim, group.index_tokens > 1)


def _heads(group: AttentionLayers, demand: Demand) -> int:
    return 1 if group.kind == "mla" else max(1, group.kv_heads // demand.tensor_parallel)


def _key_bytes(group: AttentionLayers, dtype: str, demand: Demand) -> int:
    """Bytes of one token in one layer on one GPU without its index; heads are replicated where there are more GPUs."""
    width = demand.kv_number_bytes(dtype)
    if group.kind != "mla":
        return _heads(group, demand) * (group.head_dim + (group.value_dim or group.head_dim)) * width
    if not group.index_bytes and not group.shares_index:
        return group.head_dim * width
    packed = (width == 1 and demand.family != "10") or demand.family == "12"
    return _PACKED_SPARSE_ROW if packed else group.head_dim * width


def _block_tokens(groups: tuple[AttentionLayers, ...], dtype: str, demand: Demand) -> int:
    """Tokens of one block that the attention kernel of this GPU takes."""
    wanted = demand.block_tokens
    family = demand.family
    if any(group.index_bytes for group in groups):
        return max(wanted, _SPARSE_BLOCK if any(group.kind == "mla" for group in groups) else _SPARSE_FULL_BLOCK)
    if any(group.kind == "mla" for group in groups):
        if family == "9" and demand.kv_number_bytes(dtype) == 1:
            return max(wanted, _FLASH_MLA_BLOCK)
        return max(wanted, _FLASHINFER_MLA_BLOCK) if family == "10" else wanted
    if family == "9" and demand.kv_number_bytes(dtype) == 1 and any(group.head_dim == _HEAD_512 for group in groups):
        return max(wanted, _HEAD_512_FP8_BLOCK)
    return wanted


def state_bytes(state: RecurrentState, demand: Demand) -> int:
    """Bytes of one layer's state on one GPU.

    The convolution keeps its last tokens over all channels, those being guessed ahead among them.
    """
    gpus = demand.tensor_parallel
    # Mamba's groups are replicated where they don't divide.
    spare = gpus - state.key_heads if state.kind == "mamba2" and state.key_heads % gpus else 0
    channels = 2 * (state.key_heads + spare) * state.key_dim + state.value_heads * state.value_dim
    guessed = demand.draft.tokens if demand.draft else 0
    kept = state.convolution - 1 + guessed if state.convolution else 0
    convolution = channels // gpus * kept * _CONVOLUTION_BYTES
    return convolution + state.value_heads // gpus * state.value_dim * state.key_dim * state.state_bytes


def _aligned_block(
    state: RecurrentState, groups: tuple[AttentionLayers, ...], block: int, dtype: str, demand: Demand
) -> int:
    """Tokens of one block so long that a layer's page of keys and values holds a state."""
    step = max(block, _HYBRID_MLA_BLOCK) if any(group.kind == "mla" for group in groups) else block
    if demand.prefix_caching and demand.stored_states is None:
        step = math.lcm(step, _checkpoint_step(state, demand) or 1)
    token_bytes = _key_bytes(_drafting(groups), dtype, demand)
    return max(block, step * math.ceil(state_bytes(state, demand) / (step * token_bytes)))


def _checkpoint_step(state: RecurrentState, demand: Demand) -> int | None:
    """Tokens between states that the kernel can store while it reads a prompt; None where it can't.

    The images of vLLM 0.33 are built with CUDA 13, which FlashInfer's kernel needs beyond Hopper.
    """
    if state.kind == "mamba2":
        return 1
    if state.stored_every is not None:
        return state.stored_every if demand.family in ("9", "10", "12") else None
    if state.kind != "gated-delta":
        return None
    able = demand.capability == "9.0" or (demand.family in ("10", "12") and state.key_dim == _GATED_DELTA_KEY_DIM)
    return _GATED_DELTA_STEP if able else None


def _state_pages(state: RecurrentState, demand: Demand) -> int:
    """Pages of states that one request holds: the running one, those guessed ahead, and those for the prefix cache."""
    guessed = demand.draft.tokens if demand.draft else 0
    if not demand.prefix_caching:
        return 1 + guessed
    if demand.stored_states is not None:
        return 1 + guessed + demand.stored_states
    return 2 + guessed + (0 if _checkpoint_step(state, demand) is None else 1)
