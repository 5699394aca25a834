"""What breaks and what keeps each rule of planning/rules/supply.py."""

from msgspec.structs import replace
from planning_stacks import CATALOG

from catalog import Catalog, Digest
from planning.resolving.pins import pins
from rule_cases.case import Case

PINNED: Catalog = replace(
    CATALOG,
    digests={
        pin.reference: Digest(f"sha256:{number:064x}", "2026-11-30")
        for number, pin in enumerate(pins(CATALOG))
        if pin.reference is not None
    },
)
STORED = {"blob": "qwen3-8b/2026-11", "model": "Qwen/Qwen3-8B"}
PROD = {"platform.environment": "prod"}

CASES: dict[str, Case] = {
    "SUPPLY-DIGEST": Case({}, {}, knowing=(CATALOG, PINNED)),
    "SUPPLY-REQUIRED": Case(
        {"registry.require_digests": True}, {"registry.require_digests": True}, knowing=(CATALOG, PINNED)
    ),
    "SUPPLY-OPEN": Case({"registry.allowed": ["ghcr.io/*"]}, {"registry.allowed": ["ghcr.io/acme/*"]}),
    "SUPPLY-KEYRING": Case(
        {"registry.keyrings": {"keda": "keys/keda.gpg"}},
        {"registry.keyrings": {"cert-manager": "keys/cert-manager.gpg"}},
    ),
    "SUPPLY-WEIGHTS": Case(
        {**PROD, "models[0].source": STORED},
        {
            **PROD,
            "models[0].source": {**STORED, "manifest_sha256": "a" * 64},
            "models[1].source": {**STORED, "manifest_sha256": "b" * 64},
        },
    ),
}
