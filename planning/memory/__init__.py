"""Will it fit, and how many tokens: the memory of one GPU under one model, as vLLM 0.33 divides it."""

from planning.memory.architecture import attention_layers, computable, legal_tensor_parallel
from planning.memory.block_pool import BlockPool, block_pool
from planning.memory.demand import (
    GIB,
    KV_BYTES,
    Demand,
    Draft,
)
from planning.memory.ledger import Ledger, account, ledger
from planning.memory.overhead import Overhead, activation_bytes, captured_graphs

__all__ = [
    "GIB",
    "KV_BYTES",
    "BlockPool",
    "Demand",
    "Draft",
    "Ledger",
    "Overhead",
    "account",
    "activation_bytes",
    "attention_layers",
    "block_pool",
    "captured_graphs",
    "computable",
    "ledger",
    "legal_tensor_parallel",
]
