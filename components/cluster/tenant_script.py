"""The script that the proxies run for each request: it says whose it is, what counts, and what an error looks like.

Envoy Gateway checks it before a proxy gets it (internal/gatewayapi/luavalidator), by running it on mocks. It runs after
the check of keys and after the AI gateway's processor, before anything is counted (internal/xds/translator/
httpfilters.go, and `afterExtProcFilterPrefixes` in agent-router internal/extensionserver/post_translate_modify.go).
`responseOverride` would make the bodies of errors without a script, but its filter is the first of all, and the AI
gateway puts its processor before it: requests without a key would reach the processor, which answers /v1/models itself.

The script is the same in every stack that takes keys alone, and in every stack that takes tokens too. The tenants are
data of the routes: a listener whose filters change ends its connections, and a route that changes doesn't.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from components.cluster.tokens import PROVIDER
from planning.plan import Json, TenantLimitPlan, TenantPlan
from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, LIMITS, SIGNED_IN_HEADER, TENANT_HEADER

_SCRIPT = Path(__file__).with_name("tenant_script.lua")
# Follows the other where tokens are taken, and wraps its functions.
_TOKENS = Path(__file__).with_name("token_script.lua")


def tenant_script(*, tokens: bool = False) -> str:
    """The script, with the names of the headers and of the metadata that it writes; `tokens` for access tokens too."""
    names = {
        "CLIENT_HEADER": CLIENT_HEADER,
        "TENANT_HEADER": TENANT_HEADER,
        "COUNTED_HEADERS": COUNTED_HEADERS,
        "LIMITS": LIMITS,
        **({"PROVIDER": PROVIDER, "SIGNED_IN_HEADER": SIGNED_IN_HEADER} if tokens else {}),
    }
    constants = "".join(f'local {name} = "{value}"\n' for name, value in names.items())
    scripts = [_SCRIPT, *([_TOKENS] if tokens else [])]
    return "\n".join((constants, *(script.read_text(encoding="utf-8") for script in scripts)))


def script(data: dict[str, Json], *, tokens: bool = False) -> Json:
    """The script as an EnvoyExtensionPolicy has it, with the data of its routes."""
    return {"type": "Inline", "inline": tenant_script(tokens=tokens), "filterContext": data}


def tenant_limits(tenants: Iterable[TenantPlan]) -> dict[str, Json]:
    """What each tenant may take, by its name: every match of a model's route has a copy of it."""
    return {
        tenant.name: {"limits": {limit.counter: _refused_above(limit) for limit in tenant.limits}} for tenant in tenants
    }


def model_lists(tenants: Sequence[TenantPlan]) -> dict[str, Json]:
    """Which list each tenant is answered, and the lists: those of tenants with the same models are one."""
    lists: dict[tuple[str, ...], str] = {}
    for tenant in tenants:
        # No tenant's name has a space.
        lists.setdefault(tenant.models, f"list {len(lists) + 1}")
    return {
        **{tenant.name: {"models": lists[tenant.models]} for tenant in tenants},
        **{name: _models(models) for models, name in lists.items()},
    }


def _refused_above(limit: TenantLimitPlan) -> int:
    """The service refuses what exceeds this. A request comes before its tokens: the last one finds fewer than all."""
    return limit.most if limit.counter.startswith("requests-") else limit.most - 1


def _models(names: Iterable[str]) -> str:
    """A list of models as OpenAI answers it."""
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "llm-platform"} for name in names]
    return json.dumps({"object": "list", "data": models}, separators=(",", ":"))
