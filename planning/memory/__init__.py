"""Will it fit, and how many tokens: the memory of one GPU under one model, as vLLM divides it."""

from planning.memory.activations import activation_bytes
from planning.memory.adapters import adapter_gib
from planning.memory.architecture import (
    attention_layers,
    computable,
    keeps_no_cache,
    legal_tensor_parallel,
    tensor_parallel_sizes,
)
from planning.memory.block_pool import BlockPool, block_pool
from planning.memory.demand import (
    GIB,
    AdapterSlots,
    Demand,
    Draft,
    Measured,
)
from planning.memory.graphs import captured_graphs
from planning.memory.ledger import Ledger, account, ledger
from planning.memory.overhead import Overhead
from planning.memory.versions import LEDGERS, Arithmetic, arithmetic, verified_versions
from planning.memory.weights import embedding_bytes, largest_tensor_gib

__all__ = [
    "GIB",
    "LEDGERS",
    "AdapterSlots",
    "Arithmetic",
    "BlockPool",
    "Demand",
    "Draft",
    "Ledger",
    "Measured",
    "Overhead",
    "account",
    "activation_bytes",
    "adapter_gib",
    "arithmetic",
    "attention_layers",
    "block_pool",
    "captured_graphs",
    "computable",
    "embedding_bytes",
    "keeps_no_cache",
    "largest_tensor_gib",
    "ledger",
    "legal_tensor_parallel",
    "tensor_parallel_sizes",
    "verified_versions",
]
