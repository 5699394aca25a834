"""Plans the managed models behind ours: what the gateway needs to reach them, and whose requests stay."""

from planning.deciding.releases import NAMESPACE
from planning.deciding.secret_stores import secret_store
from planning.deciding.tenants import COUNTERS
from planning.plan import FallbackPlan, Json
from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, TENANT_HEADER
from planning.resolving.entra import token_headers
from planning.resolving.fallback import object_name
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack

_HTTPS = 443
# What the AI gateway reads of a Secret (agent-router internal/controller/ai_gateway_route.go, `apiKeyInSecret`).
_SECRET_KEY = "apiKey"  # noqa: S105 - the name of a key, not the key
# Ours can't answer. A 4xx is the client's own mistake: elsewhere it would be made again, and paid for. 501 and 505 say
# that a request isn't understood.
_STATUSES = (500, 502, 503, 504)
# Whose request it is, what it counts for, and from where it comes.
_KEPT_BACK = (
    CLIENT_HEADER,
    TENANT_HEADER,
    *(f"{COUNTED_HEADERS}{counter.name}" for counter in COUNTERS),
    "x-forwarded-for",
    "x-envoy-external-address",
)


def fallback(stack: ResolvedStack, view: ResolvedModel) -> FallbackPlan | None:
    """Plan the managed model behind one of our models; None where the stack file names none."""
    settings = view.settings.fallback
    if settings is None:
        return None
    name = object_name(view.name)
    azure = settings.azure_openai
    schema: dict[str, Json] = (
        {"name": "AzureOpenAI", "version": azure.api_version}
        if azure is not None
        # Without a prefix it would be `/v1`.
        else {"name": "OpenAI", "prefix": settings.path or "/"}
    )
    kind, field = ("AzureAPIKey", "azureAPIKey") if azure is not None else ("APIKey", "apiKey")
    return FallbackPlan(
        name=name,
        host=settings.host,
        port=_HTTPS,
        schema=schema,
        security={"type": kind, field: {"secretRef": {"name": name}}},
        secret_key=_SECRET_KEY,
        vault_secret=settings.key_secret,
        secret_store=secret_store(stack, NAMESPACE),
        model=settings.named,
        share=settings.share,
        statuses=_STATUSES if settings.share is None else (),
        # The provider's own key is written after these are taken away.
        kept_back=(*_KEPT_BACK, *token_headers(stack.settings)),
    )
