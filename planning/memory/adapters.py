"""How large an adapter (LoRA) is: two thin matrices beside every projection of every layer."""

from catalog import ModelArchitecture
from planning.memory.demand import GIB

_BYTES = 2


def adapter_gib(model: ModelArchitecture, rank: int) -> float:
    """GiB of an adapter of this rank that changes every projection of every layer, two bytes a number.

    A projection from n to m numbers has rank x (n + m): queries, keys, values, output, and gate, up and down of the
    feed-forward block that one token passes. Adapters of single experts, where a model has them, are not in it: how
    large they are is not known. Source: vLLM 0.33 vllm/lora/lora_weights.py LoRALayerWeights.
    """
    hidden = model.hidden
    width = model.head_dim if model.head_dim is not None else hidden // model.heads
    queries, keys = model.heads * width, model.kv_heads * width
    feed_forward = model.active_width or model.intermediate or 0
    attention = 2 * (hidden + queries) + 2 * (hidden + keys)
    numbers = rank * model.layers * (attention + 3 * (hidden + feed_forward))
    return numbers * _BYTES / GIB
