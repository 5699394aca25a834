"""The tenants: who may call which models, how much of them, and by which keys or tokens."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import Flag, Requests, SecretName, Section, SettingRefusedError, StandIn, Text, pattern
from config.entra import TenantEntra

# Beyond 2^32 - 1 the rate-limit service counts no further (Envoy Gateway 1.9, BackendTrafficPolicy `limit.requests`).
_MOST = 4_294_967_295


def generated_key(tenant: str, generation: int) -> str:
    """Name of the vault's secret with a key that the platform generates."""
    return f"tenant-{tenant}-key-{generation}"


Count = Annotated[int, Field(ge=1, le=_MOST, strict=True)]


class TokenLimit(Section):
    """Tokens within a window; each kind is counted by itself, and one that is left out isn't limited."""

    input: Count | None = Field(
        default=None, description="tokens of prompts that were not in a model's cache, 1 to 4294967295"
    )
    cached: Count | None = Field(
        default=None, description="tokens of prompts that a model had in its cache, 1 to 4294967295"
    )
    output: Count | None = Field(default=None, description="tokens of answers, 1 to 4294967295")

    @model_validator(mode="after")
    def _limits_something(self) -> "TokenLimit":
        if self.input is None and self.cached is None and self.output is None:
            raise SettingRefusedError("no kind of token is limited", "write {input: …, output: …}, or leave it out")
        return self


class TenantLimits(Section):
    """What a tenant may take of all its models together, over all proxies."""

    requests_per_minute: Requests | None = Field(
        default=None, description="requests within a minute, 1 to 1000000; without it they aren't counted together"
    )
    tokens_per_minute: TokenLimit | None = Field(
        default=None, description="tokens within a minute, such as {input: 200000, output: 20000}"
    )
    tokens_per_month: TokenLimit | None = Field(
        default=None, description="tokens within 30 days, such as {input: 500000000, output: 50000000}"
    )

    @property
    def counted(self) -> bool:
        """Whether anything is counted over all proxies."""
        return self.number > 0

    @property
    def number(self) -> int:
        """How many things are counted over all proxies."""
        windows = (limit for limit in (self.tokens_per_minute, self.tokens_per_month) if limit is not None)
        tokens = sum(count is not None for limit in windows for count in (limit.input, limit.cached, limit.output))
        return tokens + (self.requests_per_minute is not None)


class Tenant(Section):
    """A caller of the gateway, its keys, its models and its limits."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=63), StandIn("zz{index}")] = Field(
        description="the tenant's name in logs and limits: lower-case letters, digits and single dashes, 63 at most"
    )
    key_secret: SecretName | None = Field(
        default=None,
        description="the name (not the value) of a secret of the vault with the tenant's API key: letters, digits, "
        "dashes; without it the key is generated",
    )
    key_secrets: tuple[SecretName, ...] = Field(
        default=(),
        max_length=2,
        description="in place of key_secret the names (not the values) of two, while one key replaces the other: the "
        "new one first, [key-a-2, key-a]",
    )
    key_generations: tuple[Annotated[int, Field(ge=1, le=9999, strict=True)], ...] = Field(
        default=(1,),
        min_length=1,
        max_length=2,
        description="which generated keys are valid, the new one first: [1], or [2, 1] while one replaces the other",
    )
    api_keys: Flag = Field(default=True, description="false: it has no API key, and calls with tokens of Entra alone")
    entra: TenantEntra | None = Field(
        default=None,
        description="whose tokens of Entra are this tenant's: {groups: [GUID], applications: [GUID], roles: [NAME]}; "
        "needs gateway.entra",
    )
    models: tuple[Text, ...] = Field(
        default=(),
        max_length=1000,
        description="names of the models that it may use, such as [chat]; without models and tags all of them",
    )
    tags: tuple[Text, ...] = Field(
        default=(),
        max_length=100,
        description="tags of models (`models[].tags`): it may use each model that has one of them, such as [internal]",
    )
    limits: TenantLimits = Field(
        default_factory=TenantLimits,
        description="what it may take, such as {requests_per_minute: 600, tokens_per_minute: {output: 20000}}",
    )
    guaranteed_tokens_per_minute: Count | None = Field(
        default=None,
        description="tokens of answers within a minute that its models must be able to make for it; checked against "
        "models[].expected, and no limit",
    )
    priority: Literal["high", "normal", "low"] = Field(
        default="normal",
        description="`high`, `normal` or `low`: whose requests a model takes first where some wait",
    )
    data_residency: Literal["cluster", "any"] = Field(
        default="any",
        description="`cluster` (its requests never leave this cluster, whatever a model's fallback says) or `any`",
    )

    safety: Text | None = Field(
        default=None,
        description="the name of a policy of `safety.policies` for its requests, in place of a model's own",
    )
    record_prompts: Flag = Field(
        default=False,
        description="`true` (it agrees that traces keep its prompts and answers, where observability.traces has "
        "capture_prompts) or `false`",
    )

    @model_validator(mode="after")
    def _names_some_models(self) -> "Tenant":
        empty = [name for name in ("models", "tags") if name in self.model_fields_set and not getattr(self, name)]
        if empty:
            raise SettingRefusedError(
                f"`{empty[0]}` is an empty list, which would open all models",
                f"leave {empty[0]} out for all models, name some, or remove the tenant",
            )
        return self

    @model_validator(mode="after")
    def _has_one_source_of_keys(self) -> "Tenant":
        if self.key_secret is not None and self.key_secrets:
            raise SettingRefusedError(
                "`key_secret` and `key_secrets` are both there", "write all names under key_secrets, the new one first"
            )
        named = self.key_secret is not None or bool(self.key_secrets)
        if named and "key_generations" in self.model_fields_set:
            raise SettingRefusedError(
                "`key_generations` are of keys that the platform generates, and here a secret of the vault is named",
                "leave out key_generations, or key_secret and key_secrets",
            )
        return self

    @model_validator(mode="after")
    def _can_call(self) -> "Tenant":
        if self.api_keys:
            return self
        if self.entra is None:
            raise SettingRefusedError(
                "it has no API key and no tokens, so nobody calls as this tenant",
                "leave out api_keys, or write entra: {groups: [GUID]}",
            )
        named = [key for key in ("key_secret", "key_secrets", "key_generations") if key in self.model_fields_set]
        if named:
            raise SettingRefusedError(
                f"`api_keys: false` and `{named[0]}` are both there", f"leave out {named[0]}, or api_keys"
            )
        return self

    @property
    def generated(self) -> bool:
        """Whether the platform makes its keys."""
        return self.api_keys and self.key_secret is None and not self.key_secrets

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the secrets with its API keys, the current one first; none where it calls with tokens alone."""
        if not self.api_keys:
            return ()
        if self.generated:
            return tuple(generated_key(self.name, generation) for generation in self.key_generations)
        return self.key_secrets if self.key_secret is None else (self.key_secret,)
