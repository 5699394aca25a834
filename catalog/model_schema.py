"""The records of models: the figures that decide memory, and the caches of their layers."""

from __future__ import annotations

from typing import Literal

from catalog.decoding import Record

CacheKind = Literal["full", "sliding", "chunked", "mla", "linear"]
StateKind = Literal["gated-delta", "mamba1", "mamba2", "convolution", "delta-attention", "lightning"]
AttentionKind = Literal["full", "hybrid", "mla", "chunked", "none"]
Task = Literal["generate", "embed"]


class RecurrentState(Record, frozen=True, kw_only=True):
    """The state of one linear-attention or state-space layer: the same size however long the request is.

    In Mamba's terms: key heads are the groups, the key width is the state size, values are the heads.
    """

    kind: StateKind
    key_heads: int
    key_dim: int
    value_heads: int
    value_dim: int
    convolution: int
    """Tokens that the convolution before the state reads, the newest included; 0 without a convolution."""
    state_bytes: int
    """Bytes of one number of the recurrent state; the convolution's numbers have the model's own two bytes."""
    stored_every: int | None = None
    """Tokens between states that the kernel can store while it reads a prompt, on GPUs of compute capability 9, 10 and
    12; None where the kind of state or the GPU alone decide."""


class AttentionLayers(Record, frozen=True, kw_only=True):
    """Layers of one model whose cache is of one kind.

    A model's groups follow each other `in_a_row` layers at a time, again and again, until each has its `layers`:
    three linear, one full, three linear, one full.
    """

    kind: CacheKind
    layers: int
    in_a_row: int = 1
    kv_heads: int = 1
    head_dim: int = 0
    """Width of a key and of a value; with `mla` of the compressed vector, rotary part included. 0 with a state."""
    value_dim: int = 0
    """Width of a value where it isn't that of a key."""
    window: int | None = None
    """Tokens that a sliding window or a chunk spans."""
    index_bytes: int = 0
    """Bytes of an entry of the index of sparse attention in a layer, by which it finds what it attends to."""
    index_tokens: int = 1
    """Tokens that share an entry of the index."""
    shares_index: bool = False
    """Whether the layers of a sparse `mla` use the index of a layer before them."""
    state: RecurrentState | None = None


class ImageEncoder(Record, frozen=True, kw_only=True):
    """The encoder of images in front of a language model, as vLLM runs it while it measures memory."""

    hidden: int
    intermediate: int
    """Width of its feed-forward block."""
    item_tokens: int
    """Tokens of the largest image in the language model."""
    patches_per_token: int
    """Positions of the encoder that become one token of the language model."""
    outputs: int = 1
    """Vectors of the language model's width that an image leaves for each of its tokens."""
    verified: bool = True
    """False where a size is the largest that is known of any encoder, since the model's own isn't."""


class ModelArchitecture(Record, frozen=True):
    """One model: the figures that decide its memory."""

    id: str
    """Hugging Face repository."""
    task: Task
    params_b: float
    active_b: float | None
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int | None
    """None where keys are compressed (multi-head latent attention)."""
    intermediate: int | None
    """Width of the dense feed-forward block or of the shared experts; None without one, or not known for sure."""
    vocab: int | None
    native_dtype: str
    max_context_tokens: int
    gated: bool
    weights_gib: float | None
    """Size of all of the checkpoint's tensors."""
    attention_kind: AttentionKind
    attention: str
    """Which layers are of which kind, in words."""
    kv_bytes_per_token: int | None
    """Over all layers that keep every token, on one GPU at two bytes a value; states of linear layers come on top,
    and a compressed cache is the same on each GPU. None where tokens have no fixed rate."""
    verified: bool
    source: str
    as_of: str
    caches: tuple[AttentionLayers, ...] = ()
    """What layers keep where that differs between them or isn't plain keys and values; see `attention_kind`."""
    active_width: int | None = None
    """Width of the feed-forward block that one token passes, its experts together; None where not known."""
    draft_layers: int | None = None
    """Layers of the model's own multi-token prediction; None where not known."""
    expert_share: float = 0.0
    """Share of the weights that is in routed experts, for `experts` that don't divide evenly."""
    experts: int | None = None
    cache_dtype: str = "auto"
    """Number format of the KV cache that the checkpoint requests where the server has `auto`."""
    experts_per_token: int | None = None
    expert_width: int | None = None
    """Width of one routed expert's feed-forward block."""
    expert_input: int | None = None
    """Width at which experts work where it isn't `hidden`."""
    gated_experts: bool = True
    """Whether an expert has a gate beside its up projection."""
    encoder: ImageEncoder | None = None
    uncounted: tuple[str, ...] = ()
    """Parts beside the language model whose memory isn't computed, by their keys in the configuration."""
    weights_loaded: bool = False
    """Whether `weights_gib` is what vLLM reported after loading, not the size of the files."""
    draft_weights_gib: float | None = None
    """The part of `weights_gib` that only speculative decoding loads: prediction layers of the checkpoint."""
    cc10_cache_dtype: str | None = None
    """The format that vLLM takes for `auto` on GPUs of compute capability 10; None where it is that of other GPUs."""
    largest_graph: int | None = None
    """The largest batch of a CUDA graph where vLLM sets one for this architecture."""
