"""The gateway: the address at which clients reach every model, and the clients."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import Range, Requests, SecretName, Section, SettingRefusedError, StandIn, pattern

# A proxy holds few larger ones.
LARGEST_BODY_MIB = 50


class Client(Section):
    """A caller; its API key is in the vault."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=63), StandIn("zz{index}")] = Field(
        description="the caller's name in logs and limits: lower-case letters, digits and single dashes, 63 at most"
    )
    key_secret: Annotated[SecretName | None, StandIn("recovered", needed=True)] = Field(
        default=None,
        description="the name (not the value) of the vault's secret with the client's API key: letters, digits, dashes",
    )
    key_secrets: tuple[SecretName, ...] = Field(
        default=(),
        max_length=2,
        description="in place of key_secret the names (not the values) of two, while one key replaces the other: the "
        "new one first, [key-a-2, key-a]",
    )

    @model_validator(mode="after")
    def _has_keys(self) -> "Client":
        if self.key_secret is not None and self.key_secrets:
            raise SettingRefusedError(
                "`key_secret` and `key_secrets` are both there", "write all names under key_secrets, the new one first"
            )
        if not self.keys:
            raise SettingRefusedError(
                "no API key is named", "write key_secret: the name of the vault's secret with the key"
            )
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the secrets with its API keys, the current one first."""
        return self.key_secrets if self.key_secret is None else (self.key_secret,)


class Limits(Section):
    """What one client may take of one proxy."""

    requests_per_minute: Requests = Field(
        default=3000,
        description="requests of one client to one model within a minute through one proxy, 1 to 1000000; those beyond "
        "are answered 429",
    )


class Gateway(Section):
    """Envoy Gateway with Envoy AI Gateway."""

    hostname: Annotated[
        str, pattern(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$", longest=253), StandIn("recovered.example")
    ] = Field(description="the gateway's DNS name in lower case, such as llm.acme.example")
    certificate: Annotated[SecretName, StandIn("recovered")] = Field(
        description="the name of the vault's secret with the certificate and its key in PEM: letters, digits, dashes"
    )
    exposure: Literal["internal", "public"] = Field(
        default="internal", description="`internal` (an address of the gateway subnet) or `public`"
    )
    clients: tuple[Client, ...] = Field(
        min_length=1, max_length=1000, description="a list of callers, at least one: [{name: …, key_secret: …}]"
    )
    request_timeout_seconds: Annotated[int, Field(ge=30, le=7200, strict=True)] = Field(
        default=600, description="the longest request in seconds, 30 to 7200; it covers a whole streamed answer"
    )
    request_body_mib: Annotated[int, Field(ge=1, le=LARGEST_BODY_MIB, strict=True)] | None = Field(
        default=None,
        description=f"the largest request body in MiB, 1 to {LARGEST_BODY_MIB}; without it 8, or more for a context "
        "above 1 million tokens; raise it for images, which are not counted in tokens",
    )
    limits: Limits = Field(
        default_factory=Limits, description="what one client may take, such as {requests_per_minute: 600}"
    )
    prefix_cache: Literal["per-client", "shared"] | None = Field(
        default=None,
        description="whether a client's requests reuse what other clients' prompts left in a model's cache: `shared`, "
        "which shows by the time of an answer what others have sent, or `per-client`, for 15 clients at most",
    )
    replicas: Range = Field(
        default_factory=lambda: Range(min=2, max=4),
        description="the fewest and the most Envoy proxies, such as {min: 2, max: 4}",
    )
