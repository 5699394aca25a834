"""What a process takes beside weights and KV cache: activations, CUDA's context and CUDA graphs."""

from msgspec import Struct

from catalog import Model, Overheads
from planning.memory.demand import GIB, Demand

# Widths that live at once in the widest moment of a layer, at two bytes: gate and up projection and their product; the
# residual stream, its normalised copy and the block's output.
_FEED_FORWARD_COPIES, _HIDDEN_COPIES, _ACTIVATION_BYTES = 3, 3, 2
# Logits as the model gives them (2), their copy in 32 bits (4), probabilities (4): vllm/v1/worker/gpu/sample.
_LOGIT_BYTES = 10


class Overhead(Struct, frozen=True):
    """GiB on one GPU."""

    activation_gib: float
    context_gib: float
    graphs_gib: float

    @property
    def total_gib(self) -> float:
        """All of it."""
        return self.activation_gib + self.context_gib + self.graphs_gib


def overhead(model: Model, weights_gib: float, demand: Demand, overheads: Overheads) -> Overhead:
    """What to leave for everything but weights and KV cache.

    Activations are those of vLLM's profiling run, the largest batch through one layer or the sampler over the most
    sequences, whichever is more (vLLM 0.33 vllm/v1/worker/gpu/model_runner.py profile_run). Nobody publishes a formula
    for CUDA graphs: they get what KAITO's reserve, tuned against vLLM 0.22 to 0.26, leaves beside the other two.
    Encoders of images and sound come on top of all this, and are in the reserve only.
    """
    activation = activation_bytes(model, demand) / GIB
    known = activation + overheads.context_gib
    reserve = overheads.activation_reserve_gib + overheads.activation_share_of_weights * weights_gib
    graphs = max(0.0, reserve - known) if demand.counts_graphs else 0.0
    return Overhead(activation, overheads.context_gib, graphs)


def activation_bytes(model: Model, demand: Demand) -> int:
    """Peak of the profiling run on one GPU; parts whose sizes aren't on file count as nothing."""
    width = model.active_width or model.intermediate or 0
    feed_forward = _FEED_FORWARD_COPIES * -(-width // demand.tensor_parallel)
    forward = demand.batched_tokens * (feed_forward + _HIDDEN_COPIES * model.hidden) * _ACTIVATION_BYTES
    sampler = 0 if demand.pooling else demand.sequences * (model.vocab or 0) * _LOGIT_BYTES
    return max(forward, sampler)
