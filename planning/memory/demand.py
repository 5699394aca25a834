"""What one device must hold: requests, parallelism, batch sizes and number formats."""

from msgspec import Struct

from planning.memory.architecture import stage_sizes

GIB = 1024**3


class Draft(Struct, frozen=True, kw_only=True):
    """Speculative decoding: `tokens` tokens are drafted ahead, by `layers` more attention layers.

    `separate` says that the layers are of a checkpoint of their own, with an output head, whose size isn't known.
    """

    tokens: int
    layers: int
    separate: bool = False


class AdapterSlots(Struct, frozen=True, kw_only=True):
    """Adapters (LoRA) on the GPU at once: `max-loras` of the rank `max-lora-rank`.

    `sharded` is `fully-sharded-loras`; `graphs` is how often every CUDA graph is captured: without an adapter, and for
    each number of them that vLLM distinguishes.
    """

    count: int
    rank: int
    sharded: bool = False
    graphs: int = 2


class Measured(Struct, frozen=True, kw_only=True):
    """Figures of one GPU that a server's log has, in place of those that are computed; None where it has none."""

    weights_gib: float | None = None
    overhead_gib: float | None = None


class Demand(Struct, frozen=True, kw_only=True):
    """What one device must hold; the defaults are those of a vLLM server without options.

    `kv_formats` are the KV cache formats of the vLLM version, each with the bytes of one number; `kv_cache_dtype` is
    one of them (rule FIT-KV-DTYPE). `context_tokens` is the longest request, `concurrency` requests of `request_tokens`
    must fit at once. `layer_partition` are the layers of each stage, empty where vLLM divides them evenly.
    `batched_tokens` and `sequences` are max-num-batched-tokens and max-num-seqs, `capability` is the GPU's compute
    capability ("9.0"), None where any GPU is meant; `nvlink` says whether its GPUs communicate by NVLink. `images` is
    False where the server takes none (`--language-model-only`), `eager` True without CUDA graphs.
    `sparse_workspace_factor` is the option of that name in vLLM's attention-config. `kv_cache_memory_gib` is what
    `--kv-cache-memory-bytes` gives the KV cache whatever the utilization, `available_kv_gib` what a log says it has.

    The last fields are what versions before 0.33 do otherwise, to compare the ledger with their logs:
    `counts_graphs` is False before 0.21, whose budget left CUDA graphs out. `logit_bytes` is what the sampler holds for
    each logit: as the model gives it (2), its copy in 32 bits (4), its probability (4); vLLM 0.33
    vllm/v1/worker/gpu/sample. `largest_graph` bounds the batch of a CUDA graph. `stored_states` are the states that a
    request holds for the prefix cache beside the running one. `null_block` is False where a request may take all
    blocks. `batches_in_flight` are those whose tokens sliding windows keep. `keeps_workspace` is False where the
    sampler doesn't find the experts' workspace occupied.
    """

    tensor_parallel: int
    pipeline_parallel: int = 1
    layer_partition: tuple[int, ...] = ()
    expert_parallel: bool = False
    context_tokens: int
    request_tokens: int
    concurrency: int
    kv_cache_dtype: str
    kv_formats: tuple[tuple[str, int], ...]
    utilization: float
    block_tokens: int
    batched_tokens: int = 2048
    sequences: int = 256
    prefix_caching: bool = True
    hybrid_cache: bool = True
    pooling: bool = False
    capability: str | None = None
    nvlink: bool = True
    images: bool = True
    eager: bool = False
    sparse_workspace_factor: int | None = None
    draft: Draft | None = None
    adapters: AdapterSlots | None = None
    weights_gib: float | None = None
    available_kv_gib: float | None = None
    kv_cache_memory_gib: float | None = None
    measured: Measured | None = None
    counts_graphs: bool = True
    logit_bytes: float = 10
    largest_graph: int | None = None
    stored_states: int | None = None
    null_block: bool = True
    batches_in_flight: int | None = None
    keeps_workspace: bool = True

    @property
    def in_flight_tokens(self) -> int:
        """Tokens that may be scheduled and not yet finished: one batch for each batch that runs concurrently.

        Source: vLLM 0.33 vllm/config/vllm.py max_concurrent_batches; scheduling is asynchronous except for pooling.
        """
        concurrent = self.pipeline_parallel + (0 if self.pooling else 1)
        return (self.batches_in_flight or concurrent) * self.batched_tokens

    @property
    def family(self) -> str:
        """The first number of the compute capability, empty where any GPU is meant."""
        return (self.capability or "").partition(".")[0]

    def kv_number_bytes(self, dtype: str) -> int:
        """Bytes of one number of the KV cache in a format.

        Raises:
            KeyError: the format is not one of `kv_formats`.
        """
        return dict(self.kv_formats)[dtype]

    def stage_layers(self, layers: int) -> tuple[int, ...]:
        """How `layers`, all those of the model, are distributed over the pipeline stages."""
        return self.layer_partition or stage_sizes(layers, self.pipeline_parallel)

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.pipeline_parallel
