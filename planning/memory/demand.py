"""What one device must hold: requests, parallelism, batch sizes and number formats."""

from msgspec import Struct

GIB = 1024**3


class Draft(Struct, frozen=True, kw_only=True):
    """Speculative decoding: `tokens` tokens are drafted ahead, by `layers` more attention layers."""

    tokens: int
    layers: int


class Demand(Struct, frozen=True, kw_only=True):
    """What one device must hold; the defaults are those of a vLLM server without options.

    `kv_formats` are the KV cache formats of the vLLM version, each with the bytes of one number; `kv_cache_dtype` is
    one of them (rule FIT-KV-DTYPE). `context_tokens` is the longest request, `concurrency` requests of `request_tokens`
    must fit at once. `batched_tokens` and `sequences` are max-num-batched-tokens and max-num-seqs, `capability` is the
    GPU's compute capability ("9.0"), None where any GPU is meant. `counts_graphs` is False for vLLM before 0.21, whose
    budget left CUDA graphs out. `logit_bytes` is what the sampler holds for each logit: as the model gives it
    (2), its copy in 32 bits (4), its probability (4); vLLM 0.33 vllm/v1/worker/gpu/sample.
    """

    tensor_parallel: int
    pipeline_parallel: int = 1
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
    draft: Draft | None = None
    counts_graphs: bool = True
    logit_bytes: float = 10
    weights_gib: float | None = None
    available_kv_gib: float | None = None

    @property
    def in_flight_tokens(self) -> int:
        """Tokens that may be scheduled and not yet finished: one batch for each batch that runs concurrently.

        Source: vLLM 0.33 vllm/config/vllm.py max_concurrent_batches; scheduling is asynchronous except for pooling.
        """
        return (self.pipeline_parallel + (0 if self.pooling else 1)) * self.batched_tokens

    def kv_number_bytes(self, dtype: str) -> int:
        """Bytes of one number of the KV cache in a format.

        Raises:
            KeyError: the format is not one of `kv_formats`.
        """
        return dict(self.kv_formats)[dtype]

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.pipeline_parallel
