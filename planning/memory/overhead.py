"""Memory of a process besides weights and KV cache: activations, CUDA context, communication and CUDA graphs."""

from msgspec import Struct

from catalog import ModelArchitecture, Overheads
from planning.memory.activations import activation_bytes, widths_known
from planning.memory.adapters import slots_gib
from planning.memory.demand import GIB, Demand
from planning.memory.graphs import graphs_gib


class Overhead(Struct, frozen=True):
    """GiB on one GPU; `context_gib` includes the communication buffers of several GPUs.

    `reserve_gib` is what a model gets in addition of which not all sizes are known, `adapters_gib` are the slots for
    adapters.
    """

    activation_gib: float
    context_gib: float
    graphs_gib: float
    reserve_gib: float = 0.0
    adapters_gib: float = 0.0

    @property
    def total_gib(self) -> float:
        """All of it."""
        return self.activation_gib + self.context_gib + self.graphs_gib + self.reserve_gib + self.adapters_gib


def overhead(model: ModelArchitecture, weights_gib: float, demand: Demand, overheads: Overheads) -> Overhead:
    """Memory to reserve for everything but weights and KV cache.

    Activations are those of vLLM's profiling run. Where the model's widths are not known, all of it together is at
    least KAITO's reserve, tuned against vLLM 0.22 to 0.26, which grows with the weights; where they are known, that is
    so only for formats whose kernels take more than is counted.
    """
    activation = activation_bytes(model, demand) / GIB
    context = overheads.context_gib + _communication(demand, overheads)
    graphs = graphs_gib(model, demand, overheads) if demand.counts_graphs else 0.0
    adapters = slots_gib(model, demand)
    if not demand.counts_graphs:
        return Overhead(activation, context, graphs, adapters_gib=adapters)
    least = 0.0
    if not widths_known(model, demand):
        least = overheads.unknown_reserve_gib + overheads.unknown_share_of_weights * weights_gib
    elif model.native_dtype.startswith("mxfp4"):
        least = overheads.mxfp4_share_of_weights * weights_gib
    return Overhead(activation, context, graphs, max(0.0, least - activation - context - graphs), adapters)


def _communication(demand: Demand, overheads: Overheads) -> float:
    if demand.tensor_parallel == 1:
        return 0.0
    return overheads.communication_gib if demand.nvlink else overheads.communication_without_nvlink_gib
