"""Layers of models as vLLM specifies them, built from dimensions with its own classes, and the cases made of them."""

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from msgspec import structs

import catalog
from catalog import AttentionLayers, ModelArchitecture, RecurrentState
from planning import model_config
from planning.memory import Demand, Draft

os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
pytest.importorskip("vllm", reason="vllm is not installed here (make oracle-vllm)")
torch: Any = importlib.import_module("torch")
specs: Any = importlib.import_module("vllm.v1.kv_cache_interface")
states_of: Any = importlib.import_module("vllm.model_executor.layers.mamba.mamba_utils").MambaStateShapeCalculator

CATALOG = catalog.load()
VLLM = CATALOG.vllm("0.33.0")
Layers = Callable[["Case"], Iterator[tuple[str, Any]]]


@dataclass(frozen=True)
class Case:
    """One model on one device: the layers as vLLM would have them, by `name`, and the demand for the ledger."""

    model: ModelArchitecture
    layers: Layers
    context: int
    available_gib: float
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    batched_tokens: int = 2048
    prefix_caching: bool = True
    dtype: str = "auto"
    capability: str | None = None
    block: int = 16
    step: int = 16
    """Tokens that a block of a model with states is a multiple of."""
    checkpoints: int = 0
    draft: Draft | None = None

    @property
    def demand(self) -> Demand:
        return Demand(
            tensor_parallel=self.tensor_parallel, pipeline_parallel=self.pipeline_parallel,
            context_tokens=self.context, request_tokens=self.context, concurrency=1, kv_cache_dtype=self.dtype,
            kv_formats=tuple(VLLM.kv_cache_bytes.items()),
            utilization=0.92, block_tokens=16, batched_tokens=self.batched_tokens, sequences=1,
            prefix_caching=self.prefix_caching, capability=self.capability, draft=self.draft, weights_gib=1.0,
            available_kv_gib=self.available_gib,
        )  # fmt: skip

    @property
    def torch_dtype(self) -> Any:
        return torch.bfloat16 if self.dtype == "auto" else torch.uint8

    def heads(self, total: int) -> int:
        return max(1, total // self.tensor_parallel)


def full(case: Case, heads: int, dim: int, block: int | None = None) -> Any:
    return specs.FullAttentionSpec(
        block_size=block or case.block, num_kv_heads=case.heads(heads), head_size=dim, dtype=case.torch_dtype
    )


def sliding(case: Case, heads: int, dim: int, window: int) -> Any:
    return specs.SlidingWindowSpec(
        block_size=case.block, num_kv_heads=case.heads(heads), head_size=dim, dtype=case.torch_dtype,
        sliding_window=window,
    )  # fmt: skip


def plain(heads: int, dim: int, layers: int, eagle: int = 0) -> Layers:
    return lambda case: ((f"layers.{index}", full(case, heads, dim)) for index in range(layers + eagle))


def windows(pattern: str, count: int, narrow: tuple[int, int, int], wide: tuple[int, int]) -> Layers:
    """Layers by a repeated pattern of s (sliding) and f (full)."""

    def layers(case: Case) -> Iterator[tuple[str, Any]]:
        for index in range(count):
            letter = pattern[index % len(pattern)]
            yield f"layers.{index}", sliding(case, *narrow) if letter == "s" else full(case, *wide)

    return layers


def chunks(case: Case) -> Iterator[tuple[str, Any]]:
    for index in range(48):
        spec: Any = full(case, 8, 128)
        if index % 4 != 3:
            spec = specs.ChunkedLocalAttentionSpec(
                block_size=case.block, num_kv_heads=case.heads(8), head_size=128, dtype=case.torch_dtype,
                attention_chunk_size=8192,
            )  # fmt: skip
        yield f"layers.{index}", spec


def latent(width: int, layers: int, row: int | None = None, index: int = 0) -> Any:
    def make(case: Case) -> Iterator[tuple[str, Any]]:
        extra = case.draft.layers if case.draft else 0
        for number in range(layers + extra):
            yield f"layers.{number}", specs.MLAAttentionSpec(
                block_size=case.block, num_kv_heads=1, head_size=width, dtype=case.torch_dtype, state_content_bytes=row,
            )  # fmt: skip
            if index:
                yield f"layers.{number}.indexer", specs.MLAAttentionSpec(
                    block_size=case.block, num_kv_heads=1, head_size=index, dtype=torch.uint8,
                    cache_role=specs.SparseCacheRole.INDEXER,
                )  # fmt: skip

    return make


def states(pattern: str, count: int, heads: tuple[int, int], shapes: Callable[[Case], Any], temporal: Any) -> Layers:
    """Layers by a repeated pattern of m (state), f (full) and a dash (nothing).

    The block and the padding of states are computed as in Platform._align_hybrid_block_size; a test lets vLLM
    compute them.
    """

    def layers(case: Case) -> Iterator[tuple[str, Any]]:
        guessed = case.draft.tokens if case.draft else 0
        state = specs.MambaSpec(
            block_size=case.context, shapes=shapes(case), dtypes=(torch.bfloat16, temporal),
            mamba_cache_mode="align" if case.prefix_caching else "none", num_speculative_blocks=guessed,
            num_prefill_checkpoint_blocks=case.checkpoints,
        )  # fmt: skip
        step = case.step if case.prefix_caching else case.block
        page = full(case, *heads, block=1).page_size_bytes
        block = step * -(-state.page_size_bytes // (step * page))
        state = replace(state, page_size_padded=block * page)
        drafts = case.draft.layers if case.draft else 0
        for index in range(count + drafts):
            letter = pattern[index % len(pattern)] if index < count else "f"
            if letter != "-":
                yield f"layers.{index}", state if letter == "m" else full(case, *heads, block=block)

    return layers


def delta(values: int) -> Callable[[Case], Any]:
    return lambda case: states_of.gated_delta_net_state_shape(
        case.tensor_parallel, 16, values, 128, 128, 4, case.draft.tokens if case.draft else 0
    )


def mamba2(case: Case) -> Any:
    return states_of.mamba2_state_shape(
        tp_world_size=case.tensor_parallel, intermediate_size=128 * 64, n_groups=8, num_heads=128, head_dim=64,
        state_size=128, conv_kernel=4,
    )  # fmt: skip


def known(name: str) -> ModelArchitecture:
    return CATALOG.models[name]


def state_model(layers: int, values: int, kv_heads: int, temporal: int = 4) -> ModelArchitecture:
    state = RecurrentState(
        kind="gated-delta", key_heads=16, key_dim=128, value_heads=values, value_dim=128, convolution=4,
        state_bytes=temporal,
    )  # fmt: skip
    groups = (
        AttentionLayers(kind="linear", layers=layers * 3 // 4, in_a_row=3, state=state),
        AttentionLayers(kind="full", layers=layers // 4, kv_heads=kv_heads, head_dim=256),
    )
    return structs.replace(known("Qwen/Qwen3.6-27B"), caches=groups, layers=layers)


NEMOTRON = model_config.read(
    {
        "model_type": "nemotron_h", "num_hidden_layers": 52, "hidden_size": 4096, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "hybrid_override_pattern": "M-M-M-M*-M-M-" * 4, "n_groups": 8,
        "ssm_state_size": 128, "mamba_num_heads": 128, "mamba_head_dim": 64, "conv_kernel": 4,
        "mamba_ssm_cache_dtype": "float32",
    },
    "nemotron", VLLM,
)  # fmt: skip
OSS = windows("sf", 24, (8, 64, 128), (8, 64))
OSS_120 = windows("sf", 36, (8, 64, 128), (8, 64))
GEMMA3 = windows("sssssf", 62, (16, 128, 1024), (16, 128))
GEMMA4 = windows("sssssf", 60, (16, 256, 1024), (4, 512))
GEMMA4_MOE = windows("sssssf", 30, (8, 256, 1024), (2, 512))
QWEN27 = states("mmmf", 64, (4, 256), delta(48), torch.float32)
QWEN35 = states("mmmf", 40, (2, 256), delta(32), torch.float32)
QWEN122 = states("mmmf", 48, (2, 256), delta(64), torch.float32)
NEXT = states("mmmf", 48, (2, 256), delta(32), torch.bfloat16)
M2 = states("m-m-m-mf-m-m-", 52, (8, 128), mamba2, torch.float32)
R1, V32 = "deepseek-ai/DeepSeek-R1-0528", "deepseek-ai/DeepSeek-V3.2"

CASES = {
    "llama 8B": Case(known("meta-llama/Llama-3.1-8B-Instruct"), plain(8, 128, 32), 131072, 51.63),
    "llama 8B, EAGLE": Case(
        known("meta-llama/Llama-3.1-8B-Instruct"), plain(8, 128, 32, eagle=1), 131072, 51.63,
        draft=Draft(tokens=3, layers=1),
    ),
    **{
        f"llama 70B, TP {size}": Case(
            known("meta-llama/Llama-3.3-70B-Instruct"), plain(8, 128, 80), 131072, 45.0, tensor_parallel=size
        )
        for size in (1, 2, 4, 8, 16)
    },
    "llama 70B, fp8": Case(known("meta-llama/Llama-3.3-70B-Instruct"), plain(8, 128, 80), 65536, 17.3, dtype="fp8"),
    "phi-4, PP 3": Case(known("microsoft/phi-4"), plain(10, 128, 40), 16384, 11.1, pipeline_parallel=3),
    "gpt-oss-20b": Case(known("openai/gpt-oss-20b"), OSS, 131072, 36.56),
    "gpt-oss-20b, large batches": Case(known("openai/gpt-oss-20b"), OSS, 131072, 36.56, batched_tokens=8192),
    "gpt-oss-20b, short": Case(known("openai/gpt-oss-20b"), OSS, 1000, 3.3),
    "gpt-oss-120b, TP 2, PP 2": Case(
        known("openai/gpt-oss-120b"), OSS_120, 131072, 20.0, tensor_parallel=2, pipeline_parallel=2
    ),
    "gpt-oss-20b, EAGLE": Case(
        known("openai/gpt-oss-20b"),
        lambda case: iter((*OSS(case), ("draft.0", full(case, 8, 64)))), 131072, 20.0, draft=Draft(tokens=3, layers=1),
    ),
    "gemma-3-27b": Case(known("google/gemma-3-27b-it"), GEMMA3, 131072, 20.0, batched_tokens=4096),
    "gemma-3-27b, TP 8, fp8": Case(
        known("google/gemma-3-27b-it"), GEMMA3, 131072, 20.0, tensor_parallel=8, dtype="fp8"
    ),
    "gemma-3-27b, PP 4": Case(known("google/gemma-3-27b-it"), GEMMA3, 131072, 20.0, pipeline_parallel=4),
    **{
        f"gemma-4-31B, TP {size}": Case(
            known("google/gemma-4-31B-it"), GEMMA4, 262144, 36.0, tensor_parallel=size, batched_tokens=8192
        )
        for size in (1, 2, 4, 8, 16)
    },
    "gemma-4-26B": Case(known("google/gemma-4-26B-A4B-it"), GEMMA4_MOE, 262144, 12.7),
    "llama 4": Case(known("meta-llama/Llama-4-Scout-17B-16E-Instruct"), chunks, 1_000_000, 60.0, tensor_parallel=8),
    "llama 4, short": Case(known("meta-llama/Llama-4-Scout-17B-16E-Instruct"), chunks, 4096, 5.0, tensor_parallel=4),
    "deepseek": Case(known(R1), latent(576, 61), 163840, 30.0, tensor_parallel=8),
    "deepseek, fp8 on Hopper": Case(known(R1), latent(576, 61), 163840, 30.0, dtype="fp8", capability="9.0", block=64),
    "deepseek on Blackwell": Case(known(R1), latent(576, 61), 163840, 30.0, capability="10.0", block=32),
    "deepseek, own draft": Case(known(R1), latent(576, 61), 163840, 30.0, draft=Draft(tokens=1, layers=1)),
    "deepseek sparse": Case(known(V32), latent(576, 61, index=132), 163840, 30.0, capability="9.0", block=64),
    "deepseek sparse, fp8 on Hopper": Case(
        known(V32), latent(576, 61, row=656, index=132), 163840, 30.0, dtype="fp8", capability="9.0", block=64
    ),
    "deepseek sparse, fp8 on Blackwell": Case(
        known(V32), latent(576, 61, index=132), 163840, 30.0, dtype="fp8", capability="10.0", block=64
    ),
    "mistral small 4": Case(known("mistralai/Mistral-Small-4-119B-2603"), latent(320, 36), 1_048_576, 40.0),
    "qwen 3.6": Case(known("Qwen/Qwen3.6-27B"), QWEN27, 262144, 20.0),
    "qwen 3.6, no prefix caching": Case(known("Qwen/Qwen3.6-27B"), QWEN27, 262144, 20.0, prefix_caching=False),
    "qwen 3.6 on Hopper": Case(
        known("Qwen/Qwen3.6-27B"), QWEN27, 262144, 20.0, capability="9.0", step=64, checkpoints=1
    ),
    "qwen 3.6, PP 2": Case(known("Qwen/Qwen3.6-27B"), QWEN27, 262144, 20.0, pipeline_parallel=2),
    "qwen 3.6, own draft": Case(
        known("Qwen/Qwen3.6-27B"), QWEN27, 262144, 20.0, draft=Draft(tokens=2, layers=1)
    ),
    **{
        f"qwen 3.6 MoE, TP {size}": Case(
            known("Qwen/Qwen3.6-35B-A3B-FP8"), QWEN35, 262144, 15.0, tensor_parallel=size, dtype="fp8"
        )
        for size in (1, 2, 4, 8)
    },
    **{
        f"qwen 3.5 122B, TP {size}": Case(
            known("Qwen/Qwen3.5-122B-A10B-GPTQ-Int4"), QWEN122, 262144, 40.0, tensor_parallel=size,
            draft=Draft(tokens=2, layers=1) if size == 1 else None,
        )
        for size in (1, 2, 4)
    },
    "qwen 3 next": Case(state_model(48, 32, 2, temporal=2), NEXT, 262144, 15.0, tensor_parallel=2),
    "nemotron": Case(NEMOTRON, M2, 131072, 10.0, step=16, checkpoints=1),
    "nemotron, TP 8": Case(NEMOTRON, M2, 131072, 10.0, tensor_parallel=8, checkpoints=1),
}  # fmt: skip
