"""The gateway: the one address where clients reach every model, and who the clients are."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import Range, SecretName, Section, pattern


class Client(Section):
    """Someone who may call; the API key lies in the vault."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=63)] = Field(
        description="Identity that reaches logs and limits."
    )
    key_secret: SecretName = Field(description="Name of the vault's secret that holds this client's API key.")


class Gateway(Section):
    """Envoy Gateway with Envoy AI Gateway."""

    hostname: Annotated[str, pattern(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$", longest=253)] = Field(
        description="DNS name of the gateway."
    )
    certificate: SecretName = Field(
        description="Name of the vault's secret with the certificate and its key, both in PEM."
    )
    exposure: Literal["internal", "public"] = Field(
        default="internal", description="`internal`: an address of the gateway subnet only."
    )
    clients: tuple[Client, ...] = Field(min_length=1, description="Who may call.")
    request_timeout_seconds: Annotated[int, Field(ge=30, le=7200, strict=True)] = Field(
        default=600, description="Longest request; it covers a whole streamed answer."
    )
    replicas: Range = Field(default_factory=lambda: Range(min=2, max=4), description="Envoy proxies.")
