"""The policy of API Management: who is let in, what of a request is passed on, and how an answer streams.

It holds no secret: `{{…}}` are named values, which the service reads from the vault. Text is escaped by the XML writer,
expressions included. Elements and their order:
https://learn.microsoft.com/azure/api-management/api-management-policies; streaming:
https://learn.microsoft.com/azure/api-management/how-to-server-sent-events.
"""

import json
from xml.etree.ElementTree import Element, SubElement, tostring

from planning.plan import ApiManagementPlan, ProductPlan

BACKEND = "gateway"
# As Azure OpenAI's clients send theirs: `Authorization` is the token's, where one is needed.
KEY_HEADER, KEY_PARAMETER = "api-key", "subscription-key"
# What the gateway itself sets: nobody outside may say who they are or where their request goes.
OWN_HEADERS = ("x-llm-client", "x-ai-eg-model")


def policy(plan: ApiManagementPlan, *, tenant_id: str) -> str:
    """The policy of the whole API, as XML."""
    root = Element("policies")
    inbound = SubElement(root, "inbound")
    SubElement(inbound, "base")
    products = SubElement(inbound, "choose")
    # API Management takes a key there too, and addresses end up in logs.
    in_address = f'@(context.Request.OriginalUrl.Query.ContainsKey("{KEY_PARAMETER}"))'
    _refuse(
        SubElement(products, "when", condition=in_address),
        401,
        "invalid_request_error",
        f"send the key in the header {KEY_HEADER}, never in the address",
    )
    for product in plan.products:
        _product(products, product, plan, tenant_id)
    # The service's own subscription for everything belongs to no product.
    _refuse(SubElement(products, "otherwise"), 403, "permission_error", "this key belongs to no tenant")
    for header in (*OWN_HEADERS, KEY_HEADER):
        SubElement(inbound, "set-header", {"name": header, "exists-action": "delete"})
    SubElement(inbound, "set-backend-service", {"backend-id": BACKEND})
    backend = SubElement(root, "backend")
    SubElement(
        backend,
        "forward-request",
        {
            "timeout": str(plan.timeout_seconds),
            # A token is passed on when it comes.
            "buffer-response": "false",
            "follow-redirects": "false",
            "fail-on-error-status-code": "false",
        },
    )
    for section in ("outbound", "on-error"):
        SubElement(SubElement(root, section), "base")
    return tostring(root, encoding="unicode")


def _product(parent: Element, product: ProductPlan, plan: ApiManagementPlan, tenant_id: str) -> None:
    when = SubElement(parent, "when", condition=f'@(context.Product?.Id == "{product.tenant}")')
    if product.applications and plan.audience is not None:
        _token(when, product, plan.audience, tenant_id)
    _limit(when, product)
    key = SubElement(when, "set-header", {"name": "Authorization", "exists-action": "override"})
    SubElement(key, "value").text = f"Bearer {{{{{product.key}}}}}"


def _token(parent: Element, product: ProductPlan, audience: str, tenant_id: str) -> None:
    token = SubElement(
        parent,
        "validate-azure-ad-token",
        {"tenant-id": tenant_id, "header-name": "Authorization", "failed-validation-httpcode": "401"},
    )
    applications = SubElement(token, "client-application-ids")
    for application in product.applications:
        SubElement(applications, "application-id").text = application
    SubElement(SubElement(token, "audiences"), "audience").text = audience


def _limit(parent: Element, product: ProductPlan) -> None:
    """The limits that the stack file states for here, counted together for all keys of the tenant's subscription."""
    wanted = {
        **({"tokens-per-minute": str(product.tokens_per_minute)} if product.tokens_per_minute is not None else {}),
        **(
            {"token-quota": str(product.tokens_per_month), "token-quota-period": "Monthly"}
            if product.tokens_per_month is not None
            else {}
        ),
    }
    if wanted:
        # Without an estimate: prompts are counted by the models themselves, and none is read here.
        SubElement(
            parent,
            "llm-token-limit",
            {"counter-key": "@(context.Subscription.Id)", **wanted, "estimate-prompt-tokens": "false"},
        )


def _refuse(parent: Element, status: int, kind: str, message: str) -> None:
    """Answer as OpenAI's interface does."""
    response = SubElement(parent, "return-response")
    SubElement(response, "set-status", {"code": str(status)})
    header = SubElement(response, "set-header", {"name": "Content-Type", "exists-action": "override"})
    SubElement(header, "value").text = "application/json"
    body = {"error": {"message": message, "type": kind, "param": None, "code": None}}
    SubElement(response, "set-body").text = json.dumps(body)
