"""Tokens and requests in one step of vLLM: as the options set them, else as vLLM would choose for the device.

Source: vLLM 0.33 vllm/engine/arg_utils.py get_batch_defaults, _set_default_max_num_seqs_and_batched_tokens_args.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from catalog import ModelArchitecture, VllmVersion
from planning.gpus.devices import Device
from planning.vllm.options import whole_number


class Batch(Struct, frozen=True):
    """max-num-batched-tokens and max-num-seqs in force."""

    tokens: int
    requests: int


def chunks_prefill(model: ModelArchitecture | None, options: Mapping[str, Any]) -> bool:
    """Whether a prompt may be read in parts, by the options that are given; encoders always read it as a whole."""
    wanted = options.get("enable-chunked-prefill")
    return wanted if isinstance(wanted, bool) else model is None or model.attention_kind != "none"


def batch(
    vllm: VllmVersion, device: Device, model: ModelArchitecture | None, context_tokens: int, options: Mapping[str, Any]
) -> Batch:
    """Batch sizes on a device; for a pod that shares the device, those for its share of the memory.

    vLLM would choose by the memory of the whole GPU, even on a shared GPU and possibly on a MIG slice, where the
    activations of such batches wouldn't fit.
    """
    name = "a100" if device.gpu.name_contains_a100 else device.gpu.name.lower()
    row = next(
        row
        for row in vllm.batch_defaults
        if device.share_gib >= row.min_memory_gib and not any(part in name for part in row.excluded_name_parts)
    )
    factor = 2 if options.get("performance-mode") == "throughput" else 1
    tokens, requests = whole_number(options.get("max-num-batched-tokens")), whole_number(options.get("max-num-seqs"))
    sequences = requests if requests is not None else row.max_num_seqs * factor
    if tokens is None:
        whole = 0 if chunks_prefill(model, options) else context_tokens
        tokens = min(max(whole, row.max_num_batched_tokens * factor), sequences * context_tokens)
    return Batch(tokens, requests if requests is not None else min(sequences, tokens))
