"""What rules TENANT-SIZE and TENANT-OBJECT count is what Envoy Gateway and the API server write."""

import json
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct  # ty: ignore[missing-module-member]
from planning_stacks import planned

from components.cluster.tenant_script import tenant_limits
from components.cluster.tokens import identity_data
from config.tenants import Tenant
from planning.rules.tenant_sizes import bytes_in_a_match, size_of_limits

# Of a generated key.
KEY = 43
LARGE = 4_294_967_295
ENTRA = {"audience": "00000000-0000-4000-8000-00000000000a"}


def test_limits_and_keys_are_counted_as_they_are_written() -> None:
    tokens = {"input": LARGE, "cached": LARGE, "output": LARGE}
    limits = {"requests_per_minute": 1_000_000, "tokens_per_minute": tokens, "tokens_per_month": tokens}
    for each in ({"limits": limits, "key_generations": [2, 1]}, {"limits": limits}, {}, {"entra": None}):
        written = [{"name": f"team-{index:03}", **each} for index in range(50)]
        for index, tenant in enumerate(written):
            if "entra" in tenant:
                tenant["entra"] = {
                    "groups": [f"00000000-0000-4000-8000-{index + 100:012}"],
                    "roles": [f"Models.Team{index}"],
                }
        plan = planned({"tenants": written, "gateway.prefix_cache": "shared", "gateway.entra": ENTRA}).plan
        assert plan is not None
        known = tenant_limits(plan.gateway.tenants) | identity_data(plan.gateway)
        data = ParseDict(known, Struct()).ByteSize()
        # Two texts of a message in a list: each has a tag and a length (apikeyauth v3 `Credential`).
        keys = sum(KEY + len(name) + 6 for tenant in plan.gateway.tenants for name, _ in tenant.keys)

        counted = bytes_in_a_match(Tenant.model_validate(item) for item in written)

        assert data + keys <= counted <= 1.4 * (data + keys)


def managed(value: Any) -> Any:
    """The fields of a value as `metadata.managedFields` has them (structured-merge-diff fieldpath/serialize.go)."""
    return {f"f:{key}": managed(item) for key, item in value.items()} if isinstance(value, dict) else {}


def test_an_object_is_counted_with_its_managed_fields() -> None:
    tokens = {"input": LARGE, "cached": LARGE, "output": LARGE}
    limits = {"requests_per_minute": 1_000_000, "tokens_per_minute": tokens, "tokens_per_month": tokens}
    for groups in (0, 1, 20):
        written: list[dict[str, Any]] = [
            {"name": f"team-{index:03}-{'a' * 20}", "limits": limits} for index in range(50)
        ]
        for index, tenant in enumerate(written):
            if groups:
                ids = [f"00000000-0000-4000-8000-{(index + 1) * 100 + number:012}" for number in range(groups)]
                tenant["entra"] = {"groups": ids}
        plan = planned({"tenants": written, "gateway.prefix_cache": "shared", "gateway.entra": ENTRA}).plan
        assert plan is not None
        known = tenant_limits(plan.gateway.tenants) | identity_data(plan.gateway)
        size = len(json.dumps(known, separators=(",", ":"))) + len(json.dumps(managed(known), separators=(",", ":")))

        counted = sum(size_of_limits(Tenant.model_validate(item) for item in written))

        assert size <= counted <= 1.4 * size
