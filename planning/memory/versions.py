"""Which vLLM versions the arithmetic of this package is for: those against which it was compared."""

from collections.abc import Callable, Mapping

from catalog import Catalog, ModelArchitecture, Overheads, VllmVersion
from planning.memory.demand import Demand
from planning.memory.ledger import Ledger, account

# Model, GiB of the device, demand and overheads → the ledger; see `account`.
Arithmetic = Callable[[ModelArchitecture, float, Demand, Overheads], Ledger]

# What the `ledger` of a vLLM version's record names. A version whose record names none of these has no figures.
LEDGERS: Mapping[str, Arithmetic] = {"0.33": account}


def arithmetic(vllm: VllmVersion) -> Arithmetic | None:
    """How this version divides a GPU's memory; None where that was not compared (rule FIT-UNVERIFIED)."""
    return LEDGERS.get(vllm.ledger) if vllm.ledger is not None else None


def verified_versions(catalog: Catalog) -> tuple[str, ...]:
    """The vLLM versions in the catalog whose memory arithmetic is implemented and was compared, oldest first."""
    return tuple(version for version in catalog.vllm_versions if arithmetic(catalog.vllm(version)) is not None)
