"""The state that a layer of linear attention, of state spaces or of a short convolution keeps for a request.

Source: vLLM 0.33 vllm/model_executor/layers/mamba/mamba_utils.py MambaStateShapeCalculator, and
`get_mamba_state_shape_from_config` of each model in vllm/model_executor/models and vllm/models.
"""

from collections.abc import Callable, Mapping
from typing import Any

from catalog import Architectures, RecurrentState
from planning.model_config.errors import UnreadableError
from planning.model_config.sizes import head_dim, required_size

_STATE_BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
# Of FlashKDA (vllm/models/glm5next/common/kda.py, vllm/model_executor/layers/mamba/kda_checkpoint.py).
_FLASH_KDA_DIM, _FLASH_KDA_STEP = 128, 16


def state_of(text: Mapping[str, Any], architectures: Architectures) -> RecurrentState:
    """The state of one layer.

    Raises:
        UnreadableError: a size is missing, or there is no formula for this `model_type`.
    """
    model_type = str(text.get("model_type", ""))
    if model_type in architectures.gated_delta:
        return _gated_delta(text)
    found = _STATES.get(model_type)
    if found is None:
        message = (
            f"the ledger can't compute this model yet; it has linear attention as model_type {model_type!r} has it"
        )
        raise UnreadableError(message, "choose a model whose attention is full, sliding, chunked, latent or linear")
    return found(text)


def has_state(text: Mapping[str, Any]) -> bool:
    """Whether there is a formula for this model's states, beside gated delta nets."""
    return text.get("model_type") in _STATES


def _gated_delta(text: Mapping[str, Any]) -> RecurrentState:
    return RecurrentState(
        kind="gated-delta",
        key_heads=required_size(text, "linear_num_key_heads"),
        key_dim=required_size(text, "linear_key_head_dim"),
        value_heads=required_size(text, "linear_num_value_heads"),
        value_dim=required_size(text, "linear_value_head_dim"),
        convolution=text.get("linear_conv_kernel_dim") or 4,
        state_bytes=_STATE_BYTES.get(str(text.get("mamba_ssm_dtype")), 2),
    )


def _nemotron(text: Mapping[str, Any]) -> RecurrentState:
    return RecurrentState(
        kind="mamba2",
        key_heads=text.get("n_groups") or 8,
        key_dim=required_size(text, "ssm_state_size"),
        value_heads=required_size(text, "mamba_num_heads"),
        value_dim=required_size(text, "mamba_head_dim"),
        convolution=text.get("conv_kernel") or 4,
        state_bytes=_STATE_BYTES.get(str(text.get("mamba_ssm_cache_dtype")), 4),
    )


def _mamba2(text: Mapping[str, Any]) -> RecurrentState:
    """Granite 4, Bamba and Falcon-H1."""
    heads, width = required_size(text, "mamba_n_heads"), text.get("mamba_d_head")
    inner = text.get("mamba_d_ssm") or (text.get("mamba_expand") or 2) * required_size(text, "hidden_size")
    return RecurrentState(
        kind="mamba2",
        key_heads=text.get("mamba_n_groups") or 1,
        key_dim=required_size(text, "mamba_d_state"),
        value_heads=heads,
        value_dim=inner // heads if width == "auto" else required_size(text, "mamba_d_head"),
        convolution=text.get("mamba_d_conv") or 4,
        state_bytes=2,
    )


def _zamba2(text: Mapping[str, Any]) -> RecurrentState:
    heads = required_size(text, "n_mamba_heads")
    return RecurrentState(
        kind="mamba2",
        key_heads=text.get("mamba_ngroups") or 1,
        key_dim=required_size(text, "mamba_d_state"),
        value_heads=heads,
        value_dim=(text.get("mamba_expand") or 2) * required_size(text, "hidden_size") // heads,
        convolution=text.get("mamba_d_conv") or 4,
        state_bytes=2,
    )


def _jamba(text: Mapping[str, Any]) -> RecurrentState:
    """Mamba 1: the convolution reads the inner width alone, and each of its numbers has a state."""
    return RecurrentState(
        kind="mamba1",
        key_heads=0,
        key_dim=required_size(text, "mamba_d_state"),
        value_heads=required_size(text, "mamba_expand") * required_size(text, "hidden_size"),
        value_dim=1,
        convolution=required_size(text, "mamba_d_conv"),
        state_bytes=2,
    )


def _short_convolution(text: Mapping[str, Any]) -> RecurrentState:
    """LFM2: nothing but the convolution's last inputs."""
    width = text.get("conv_dim") or required_size(text, "hidden_size")
    return RecurrentState(
        kind="convolution",
        key_heads=0,
        key_dim=0,
        value_heads=width,
        value_dim=1,
        convolution=required_size(text, "conv_L_cache"),
        state_bytes=0,
    )


def _delta_attention(text: Mapping[str, Any]) -> RecurrentState:
    """Kimi's delta attention, whose recurrent state has four bytes a number unless the server says otherwise.

    FlashKDA, which stores states on the way, needs a bounded gate and heads of one width.
    """
    config = text.get("linear_attn_config") or {}
    heads, width = required_size(config, "num_heads"), required_size(config, "head_dim")
    flash = width == _FLASH_KDA_DIM and config.get("gate_lower_bound") is not None
    return RecurrentState(
        kind="delta-attention",
        key_heads=heads,
        key_dim=width,
        value_heads=heads,
        value_dim=width,
        convolution=config.get("short_conv_kernel_size") or text.get("linear_conv_kernel_dim") or 4,
        state_bytes=4,
        stored_every=_FLASH_KDA_STEP if flash else None,
    )


def _lightning(text: Mapping[str, Any]) -> RecurrentState:
    """Ling and Ring: a state for each head, without a convolution."""
    heads, width = required_size(text, "num_attention_heads"), head_dim(text)
    return RecurrentState(
        kind="lightning",
        key_heads=heads,
        key_dim=width,
        value_heads=heads,
        value_dim=width,
        convolution=0,
        state_bytes=2,
    )


_STATES: Mapping[str, Callable[[Mapping[str, Any]], RecurrentState]] = {
    "nemotron_h": _nemotron, "granitemoehybrid": _mamba2, "bamba": _mamba2, "falcon_h1": _mamba2, "zamba2": _zamba2,
    "jamba": _jamba, "lfm2": _short_convolution, "lfm2_moe": _short_convolution, "kimi_linear": _delta_attention,
    "glm5_next_text": _delta_attention, "bailing_hybrid": _lightning,
}  # fmt: skip
