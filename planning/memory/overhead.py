"""Memory of a process besides weights and KV cache: activations, CUDA context, communication and CUDA graphs."""

from msgspec import Struct

from catalog import ModelArchitecture, Overheads
from planning.memory.architecture import stage_sizes
from planning.memory.demand import GIB, Demand

_MIB_PER_GIB = 1024
# Tensors that exist together at a layer's peak, at two bytes: gate and up projection and their product; the
# residual stream, its normalised copy and the block's output.
_FEED_FORWARD_COPIES, _HIDDEN_COPIES, _ACTIVATION_BYTES = 3, 3, 2
# The largest batch of a CUDA graph, and that on the data center GPUs of compute capability 10.
_LARGEST_GRAPH, _LARGEST_GRAPH_BLACKWELL = 512, 1024


class Overhead(Struct, frozen=True):
    """GiB on one GPU; `context_gib` includes the communication buffers of several GPUs."""

    activation_gib: float
    context_gib: float
    graphs_gib: float

    @property
    def total_gib(self) -> float:
        """All of it."""
        return self.activation_gib + self.context_gib + self.graphs_gib


def overhead(model: ModelArchitecture, weights_gib: float, demand: Demand, overheads: Overheads) -> Overhead:
    """Memory to reserve for everything but weights and KV cache.

    Activations are those of vLLM's profiling run, see `activation_bytes`. CUDA graphs take about the same for every
    layer and batch size. KAITO's reserve, tuned against vLLM 0.22 to 0.26, is the least for all of it together, since
    encoders of images and sound are in no other figure. Its part that grows with the weights counts only where the
    model's widths are not in the catalog: in no published log does it grow so, while activations and graphs do.
    """
    activation = activation_bytes(model, demand) / GIB
    context = overheads.context_gib + (overheads.communication_gib if demand.tensor_parallel > 1 else 0.0)
    if not demand.counts_graphs:
        return Overhead(activation, context, 0.0)
    guess = 0.0 if _widths_known(model, demand) else overheads.activation_share_of_weights * weights_gib
    layers = max(stage_sizes(model.layers, demand.pipeline_parallel))
    graphs = layers * captured_graphs(demand) * overheads.graph_mib_per_layer / _MIB_PER_GIB
    return Overhead(activation, context, max(graphs, overheads.activation_reserve_gib + guess - activation - context))


def activation_bytes(model: ModelArchitecture, demand: Demand) -> int:
    """Peak of the profiling run on one GPU; parts whose sizes are not in the catalog count as nothing.

    It is the largest batch through one layer, or the sampler over the most sequences, whichever is more. The batch's
    last hidden states wait for the sampler, and the workspace of a mixture of experts is never given back.
    Source: vLLM 0.33 vllm/v1/worker/gpu/model_runner.py profile_run, vllm/v1/worker/workspace.py.
    """
    width = -(-(model.active_width or model.intermediate or 0) // demand.tensor_parallel)
    feed_forward = demand.batched_tokens * _FEED_FORWARD_COPIES * width * _ACTIVATION_BYTES
    hidden = demand.batched_tokens * model.hidden * _ACTIVATION_BYTES
    if demand.pooling:
        return feed_forward + _HIDDEN_COPIES * hidden
    logits = int(demand.sequences * (model.vocab or 0) * demand.logit_bytes)
    kept = hidden + (feed_forward if model.experts is not None else 0)
    return max(feed_forward + _HIDDEN_COPIES * hidden, logits + kept)


def captured_graphs(demand: Demand) -> int:
    """Number of CUDA graphs by default: one for every listed batch size, and another for those of decoding alone.

    Source: vLLM 0.33 vllm/config/vllm.py _set_cudagraph_sizes, cudagraph_mode FULL_AND_PIECEWISE.
    """
    decoding = demand.sequences * (1 + (demand.draft.tokens if demand.draft else 0))
    newest = (demand.capability or "").partition(".")[0] == "10"
    most = min(2 * decoding, _LARGEST_GRAPH_BLACKWELL if newest else _LARGEST_GRAPH, demand.batched_tokens)
    sizes = [size for size in (1, 2, 4, *range(8, 256, 8), *range(256, most + 1, 16)) if size <= most]
    return len(sizes) + sum(size <= decoding for size in sizes)


def _widths_known(model: ModelArchitecture, demand: Demand) -> bool:
    width = model.active_width or model.intermediate
    return width is not None and (demand.pooling or model.vocab is not None)
