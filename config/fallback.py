"""A managed model behind one of our models: it answers what ours can't, or a share of the requests."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config.base import SecretName, Section, SettingRefusedError, StandIn, pattern
from config.cost import Price

_HOST = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}"
# The AI gateway adds them to the address, each by what the request asks for (OpenAI's API reference).
_OPERATIONS = ("/chat/completions", "/completions", "/embeddings", "/responses", "/models", "/rerank", "/messages")
_DEPLOYMENTS = "/openai/deployments"


def _base(url: str) -> str:
    """An address to which paths of OpenAI's API can be added."""
    parts = urlsplit(url)
    if _DEPLOYMENTS in parts.path:
        raise SettingRefusedError(
            f"`{_DEPLOYMENTS}` is a path of Azure OpenAI, which asks for `api-version` and a key in another header",
            f"write azure_openai: {{endpoint: https://{parts.netloc}, deployment: …, api_version: …}} in place of url",
        )
    for operation in _OPERATIONS:
        if parts.path.endswith(operation):
            raise SettingRefusedError(
                f"the address ends with `{operation}`, which is added for each request: it would be there twice",
                f"write {url.removesuffix(operation)}",
            )
    return url


def _version(value: str) -> str:
    """A version of Azure's API: a day, and perhaps `-preview`."""
    try:
        date.fromisoformat(value.removesuffix("-preview"))
    except ValueError as error:
        raise SettingRefusedError(
            f'"{value}" has no day of the calendar', "write a version that Azure lists, such as '2024-10-21'"
        ) from error
    return value


class AzureOpenAi(Section):
    """A deployment of Azure OpenAI, or of API Management before it, which takes its key in the header `api-key`."""

    endpoint: Annotated[str, pattern(rf"^https://{_HOST}$", longest=253), StandIn("https://recovered.example")] = Field(
        description="the resource's endpoint without a path, such as https://acme.openai.azure.com, or the gateway of "
        "an API Management, https://acme.azure-api.net"
    )
    deployment: Annotated[str, pattern(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"), StandIn("recovered")] = Field(
        description="the name of the deployment: letters, digits, dashes, dots and underscores"
    )
    api_version: Annotated[
        str, pattern(r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}(-preview)?$"), AfterValidator(_version),
        StandIn("2024-10-21"),
    ] = Field(
        description="the version of Azure's API, in quotes, such as '2024-10-21'"
    )  # fmt: skip


class FallbackPrice(Section):
    """What the provider charges."""

    input_per_million: Annotated[Price, StandIn(0)] = Field(description="the price of a million prompt tokens, from 0")
    output_per_million: Price = Field(
        default=0, description="the price of a million answer tokens, from 0; left out for embeddings"
    )
    currency: Annotated[str, pattern(r"^[A-Z]{3}$")] = Field(
        default="USD", description="three capital letters, such as USD; other prices can't be compared with ours"
    )


class Fallback(Section):
    """Where requests go beside our own pods, and when."""

    url: Annotated[
        str, pattern(rf"^https://{_HOST}(/[A-Za-z0-9._~-]+)*$", longest=253), AfterValidator(_base)
    ] | None = Field(
        default=None,
        description="the address of an API that is compatible with OpenAI's, up to what comes before "
        "`/chat/completions`: https://api.openai.com/v1",
    )  # fmt: skip
    azure_openai: AzureOpenAi | None = Field(
        default=None, description="in place of url: {endpoint: …, deployment: …, api_version: …}"
    )
    key_secret: Annotated[SecretName, StandIn("recovered")] = Field(
        description="the name (not the value) of the vault's secret with the provider's key: letters, digits, dashes"
    )
    mode: Literal["failure", "share"] = Field(
        default="failure",
        description="`failure` (what our pods can't answer: no connection, or a status of 500 to 504) or `share`",
    )
    share: Annotated[int, Field(ge=1, le=99, strict=True)] | None = Field(
        default=None, description="with `mode: share` only: the percent of all requests that go there, 1 to 99"
    )
    model: Annotated[str, pattern(r"^[!-~]+$", longest=255)] | None = Field(
        default=None,
        description="with `url` only: the model's name there, such as gpt-5-mini: letters, digits and signs of ASCII "
        "without spaces, 255 at most",
    )
    price: FallbackPrice | None = Field(
        default=None,
        description="what a million tokens cost there: {input_per_million: 0.25, output_per_million: 2.0}",
    )

    @model_validator(mode="after")
    def _one_place(self) -> "Fallback":
        if (self.url is None) == (self.azure_openai is None):
            given = "neither is" if self.url is None else "both are"
            raise SettingRefusedError(
                f"exactly one of `url` and `azure_openai` is required, {given} given",
                "write url: https://…/v1 with model, or azure_openai: {endpoint: …, deployment: …, api_version: …}",
            )
        if self.url is not None and self.model is None:
            raise SettingRefusedError("`url` without `model`", "add model: the name that the model has there")
        if self.azure_openai is not None and self.model is not None:
            raise SettingRefusedError("`model` is only valid with `url`", "leave it out: the deployment is the model")
        if (self.mode == "share") != (self.share is not None):
            raise SettingRefusedError(
                "`mode: share` without `share`" if self.share is None else "`share` is only valid with `mode: share`",
                "write mode: share with share: 20, or leave both out",
            )
        return self

    @property
    def host(self) -> str:
        """The host that requests go to, on port 443."""
        address = self.url if self.azure_openai is None else self.azure_openai.endpoint
        return urlsplit(address or "").hostname or ""

    @property
    def path(self) -> str:
        """What comes before the paths of OpenAI's API; empty for Azure OpenAI, whose paths have the deployment."""
        return urlsplit(self.url or "").path

    @property
    def named(self) -> str:
        """The model's name there."""
        return (self.model or "") if self.azure_openai is None else self.azure_openai.deployment
