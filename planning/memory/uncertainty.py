"""For which models, GPUs and options vLLM's own figures are known to differ from any estimate, and why."""

from catalog import ModelArchitecture
from planning.memory.activations import widths_known
from planning.memory.demand import Demand

# Four-bit formats for which vLLM takes FlashInfer's kernels of experts on GPUs of compute capability 10 and 12.
_FOUR_BITS = ("nvfp4", "mxfp4", "modelopt")
# Kinds of states of which no published log shows the whole memory, and those of linear attention.
_UNCOMPARED = {"mamba1", "convolution", "delta-attention", "lightning"}
_LINEAR_ATTENTION = {"gated-delta", "delta-attention", "lightning"}


def uncertainties(model: ModelArchitecture, demand: Demand) -> tuple[str, ...]:
    """Reasons why the ledger may be further from vLLM's than a few percent, each with its source; empty for most."""
    if demand.available_kv_gib is not None:
        return ()
    found = []
    if not widths_known(model, demand):
        found.append("widths of its layers aren't known: activations and CUDA graphs are a reserve, not a count")
    if model.encoder is not None and demand.images and not model.encoder.verified:
        found.append("its image encoder's largest input isn't known: the largest of any model is counted")
    if model.uncounted and demand.images:
        found.append(f"what its other parts take while they work isn't counted: {', '.join(model.uncounted)}")
    if demand.family == "10" and not demand.eager:
        found.append(
            "vLLM's estimate of CUDA graphs is tens of GiB too large for some models on this GPU "
            "(vllm-project/vllm#53013, #57936, #45178)"
        )
    states = {group.state.kind for group in model.caches if group.state is not None}
    if states & _UNCOMPARED:
        found.append("no start-up log of a model with layers of this kind has been compared")
    if not demand.eager and states & _LINEAR_ATTENTION:
        found.append(
            "since 0.26 vLLM counts a part of reading prompts as CUDA graphs in models with linear attention, which "
            "has taken up to 24 percent of the KV cache (vllm-project/vllm#50780)"
        )
    if model.experts is not None and demand.family in ("10", "12") and model.native_dtype.startswith(_FOUR_BITS):
        found.append(
            "the workspace of four-bit experts depends on the kernel that vLLM picks on this GPU, and has been 11.5 "
            "GiB larger (vllm-project/vllm#49476)"
        )
    if demand.draft is not None and demand.draft.separate:
        found.append("the weights of its draft are estimated from above: they are of a checkpoint of their own")
    return tuple(found)
