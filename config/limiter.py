"""The rate-limit service: where it counts what tenants take, and what happens while it can't."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import SecretName, Section


class Limiter(Section):
    """What counts the limits of tenants over all proxies; it runs where a tenant has `limits`."""

    redis: Literal["in-cluster", "azure"] = Field(
        default="in-cluster",
        description="where the counts are kept: `in-cluster` (one pod of Redis with a disk) or `azure` (Azure Managed "
        "Redis, with a replica in another zone and a private address)",
    )
    password_secret: SecretName | None = Field(
        default=None,
        description="the name (not the value) of a secret of the vault with Redis' password: letters, digits, "
        "dashes; without it the password is generated",
    )
    when_away: Literal["allow", "deny"] = Field(
        default="allow",
        description="what becomes of all tenants' requests while nothing can be counted: `allow` (they pass, and only "
        "`gateway.limits` hold) or `deny` (they are refused)",
    )
    timeout_milliseconds: Annotated[int, Field(ge=5, le=2000, strict=True)] = Field(
        default=100,
        description="the longest time in milliseconds, 5 to 2000, that a request waits to be counted; then it is as if "
        "nothing could be",
    )
