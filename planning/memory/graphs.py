"""CUDA graphs: how many vLLM captures, and the memory that its estimate sets aside for them."""

from catalog import ModelArchitecture, Overheads
from planning.memory.demand import Demand

_MIB_PER_GIB = 1024
# The largest batch of a CUDA graph, and that on the data center GPUs of compute capability 10.
_LARGEST, _LARGEST_CC10 = 512, 1024


def captured_graphs(demand: Demand, model: ModelArchitecture | None = None) -> int:
    """Number of CUDA graphs by default: one for every listed batch size, and another for those of decoding alone.

    With drafts, batches that verify a whole number of requests are listed in addition, and only those decode alone.
    Source: vLLM 0.33 vllm/config/vllm.py _set_cudagraph_sizes, cudagraph_mode FULL_AND_PIECEWISE;
    vllm/model_executor/models/config.py GptOssForCausalLMConfig.
    """
    if demand.eager:
        return 0
    per_request = 1 + (demand.draft.tokens if demand.draft else 0)
    usual = _LARGEST_CC10 if demand.family == "10" else _LARGEST
    set_by_model = model.largest_graph if model is not None else None
    most = set_by_model or min(2 * demand.sequences * per_request, demand.largest_graph or usual)
    most = min(most, demand.batched_tokens)
    sizes = set(_grid(most))
    if per_request == 1:
        return len(sizes) + sum(size <= demand.sequences for size in sizes)
    decoding = {count * per_request for count in _grid(demand.sequences) if count * per_request <= most}
    return len(sizes | decoding) + len(decoding)


def graphs_gib(model: ModelArchitecture, demand: Demand, overheads: Overheads) -> float:
    """GiB of CUDA graphs on the fullest GPU; they take about the same for every layer and batch size.

    With adapters all are captured again (vLLM 0.33 vllm/v1/worker/gpu/lora_utils.py get_lora_capture_cases).
    """
    layers = max(demand.stage_layers(model.layers)) + (demand.draft.layers if demand.draft else 0)
    each = overheads.graph_mib_per_layer if model.experts is None else overheads.experts_graph_mib_per_layer
    each = overheads.cc10_graph_mib_per_layer if demand.family == "10" else each
    captured = captured_graphs(demand, model) * (demand.adapters.graphs if demand.adapters else 1)
    return layers * captured * each / _MIB_PER_GIB


def _grid(most: int) -> list[int]:
    return [size for size in (1, 2, 4, *range(8, 256, 8), *range(256, most + 1, 16)) if size <= most]
