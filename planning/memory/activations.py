"""Peak of the memory that one step of a model takes and gives back, as vLLM's profiling run measures it."""

import math

from catalog import ModelArchitecture
from planning.memory.demand import Demand

_BYTES = 2
# Tensors that exist together at a layer's peak: gate and up projection and their product; the residual stream, its
# normalised copy and the block's output; a mixer's input projection, convolution and output.
_FEED_FORWARD_COPIES, _HIDDEN_COPIES, _MIXER_COPIES = 3, 3, 4
# Of an encoder of images: two of its feed-forward block, and the residual stream, its normalised copy and the output.
_ENCODER_FEED_FORWARD_COPIES, _ENCODER_HIDDEN_COPIES = 2, 3
# Experts of a token where their number isn't known: the most that a model in the catalog has but for Nemotron and
# Qwen3-Next.
_USUAL_EXPERTS = 8
# The sparse index's scores (VLLM_SPARSE_INDEXER_MAX_LOGITS_MB), and bytes of a token in the kernel's workspace.
_INDEX_SCORES, _SPARSE_ROW = 512 * 1024**2, 1152
_SHORT_CONTEXT, _SHORT_FACTOR, _LONG_FACTOR = 256 * 1024, 5, 2


def activation_bytes(model: ModelArchitecture, demand: Demand) -> int:
    """Peak of the profiling run on one GPU; parts whose sizes are not in the catalog count as nothing.

    It is the most of three: the encoder with the largest images, the largest batch through one layer, and the sampler
    over the most sequences. What an encoder leaves stays while the language model runs, the batch's last hidden states
    wait for the sampler, and the workspace that experts and sparse attention share is never given back.
    Source: vLLM 0.33 vllm/v1/worker/gpu/model_runner.py profile_run, vllm/v1/worker/workspace.py,
    vllm/model_executor/layers/sparse_attn_indexer.py.
    """
    encoder, images = encoder_bytes(model, demand)
    hidden = demand.batched_tokens * model.hidden * _BYTES
    workspace = workspace_bytes(model, demand)
    layer = demand.batched_tokens * _layer_width(model, demand) * _BYTES + _HIDDEN_COPIES * hidden + workspace
    layer += _INDEX_SCORES if is_sparse(model) else 0
    if demand.pooling:
        return max(encoder, images + layer)
    logits = int(demand.sequences * (model.vocab or 0) * demand.logit_bytes)
    kept = hidden + workspace if demand.keeps_workspace else hidden
    return max(encoder, images + max(layer, logits + kept))


def encoder_bytes(model: ModelArchitecture, demand: Demand) -> tuple[int, int]:
    """Peak of the encoder of images, and what it leaves; nothing for models without one or served without images.

    vLLM fills a batch with the largest images, at least one. Source: vLLM 0.33 vllm/multimodal/encoder_budget.py.
    """
    encoder = model.encoder
    if encoder is None or not demand.images:
        return 0, 0
    tokens = max(demand.batched_tokens, encoder.item_tokens)
    block = -(-encoder.intermediate // demand.tensor_parallel)
    width = _ENCODER_FEED_FORWARD_COPIES * block + _ENCODER_HIDDEN_COPIES * encoder.hidden
    kept = tokens * model.hidden * encoder.outputs * _BYTES
    return tokens * encoder.patches_per_token * width * _BYTES + kept, kept


def workspace_bytes(model: ModelArchitecture, demand: Demand) -> int:
    """The buffer that kernels of experts and of sparse attention share, as large as the largest of them needs.

    Source: vLLM 0.33 vllm/model_executor/layers/fused_moe/experts/triton_moe.py workspace_shapes,
    vllm/v1/attention/backends/mla/flashmla_sparse.py get_prefill_workspace_size, vllm/config/vllm.py (its factor).
    """
    sparse = 0
    if is_sparse(model):
        usual = _SHORT_FACTOR if demand.context_tokens <= _SHORT_CONTEXT else _LONG_FACTOR
        sparse = (demand.sparse_workspace_factor or usual) * demand.context_tokens * _SPARSE_ROW
    return max(sparse, _experts_bytes(model, demand))


def is_sparse(model: ModelArchitecture) -> bool:
    """Whether layers of latent attention choose the tokens that they attend to by an index."""
    return any(group.index_bytes and group.kind == "mla" for group in model.caches)


def widths_known(model: ModelArchitecture, demand: Demand) -> bool:
    """Whether the activations are counted whole; else only a reserve can be."""
    width = model.active_width or model.intermediate
    return width is not None and (demand.pooling or model.vocab is not None)


def _layer_width(model: ModelArchitecture, demand: Demand) -> int:
    """Numbers for each token that the widest block of a layer holds on one GPU, besides the residual stream.

    Experts work in the workspace, so of a mixture only the shared ones and the dense blocks count.
    """
    feed_forward = model.intermediate or model.active_width or 0
    if model.experts is not None and model.intermediate is None:
        routed = (model.experts_per_token or 0) * (model.expert_width or 0)
        feed_forward = max(0, feed_forward - routed)
    mixer = 0
    for group in model.caches:
        if group.state is not None:
            state = group.state
            mixer = max(mixer, state.value_heads * state.value_dim + state.key_heads * state.key_dim)
    return -(-max(_FEED_FORWARD_COPIES * feed_forward, _MIXER_COPIES * mixer) // demand.tensor_parallel)


def _experts_bytes(model: ModelArchitecture, demand: Demand) -> int:
    if model.experts is None:
        return 0
    chosen, width = model.experts_per_token, model.expert_width
    if chosen is None or width is None:
        chosen, width = _USUAL_EXPERTS, math.ceil((model.active_width or 0) / _USUAL_EXPERTS)
    # With expert parallelism experts are whole.
    width = width if demand.expert_parallel else -(-width // demand.tensor_parallel)
    outer = model.expert_input or model.hidden
    inner = 2 * width if model.gated_experts else width
    return demand.batched_tokens * chosen * (max(width, outer) + max(inner, outer)) * _BYTES
