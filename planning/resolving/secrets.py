"""Which settings of a stack file name a secret, and which secret: the one list that all rules about secrets go by."""

from collections.abc import Iterator
from typing import NamedTuple

from config import Settings
from planning.resolving.limiter import generated_password, limiter_password
from planning.resolving.resolution import Resolution


class NamedSecret(NamedTuple):
    """A setting that names a secret: its path in the stack file, the name, and of what it is one of several uses.

    Only settings with the same `use` may name one secret: receivers that send by one mail server, and models that fall
    back to one host. `kind_path` is the setting that says what the secret is for, where its own path does not.
    """

    path: str
    name: str
    use: str | None = None
    kind_path: str | None = None

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The settings by which the secret has its use."""
        return (self.path,) if self.kind_path is None else (self.path, self.kind_path)


def named_secrets(stack: Resolution) -> Iterator[NamedSecret]:
    """Every setting that names a secret of the vault, in the order in which a message speaks of a first use."""
    settings = stack.settings
    if settings.gateway.certificate is not None:
        yield NamedSecret("gateway.certificate", settings.gateway.certificate)
    if settings.security.hugging_face_token is not None:
        yield NamedSecret("security.hugging_face_token", settings.security.hugging_face_token)
    for index, tenant in enumerate(settings.tenants):
        path = f"tenants[{index}].key_secret"
        for number, key in enumerate(dict.fromkeys(tenant.keys)):
            several = f"tenants[{index}].key_generations[{number}]" if tenant.generated else f"{path}s[{number}]"
            yield NamedSecret(path if tenant.key_secret is not None else several, key)
    password = limiter_password(stack)
    if password is not None:
        yield NamedSecret("limiter.password_secret", password)
    yield from _of_images_alerts_and_fallbacks(settings)


def _of_images_alerts_and_fallbacks(settings: Settings) -> Iterator[NamedSecret]:
    account = settings.registry.docker_hub
    if account is not None:
        yield NamedSecret("registry.docker_hub.username_secret", account.username_secret)
        yield NamedSecret("registry.docker_hub.token_secret", account.token_secret)
    for index, receiver in enumerate(settings.observability.receivers):
        if receiver.secret is not None:
            path, use = f"observability.receivers[{index}]", "mail" if receiver.kind == "email" else None
            yield NamedSecret(f"{path}.secret", receiver.secret, use, f"{path}.kind")
    traces = settings.observability.traces
    if traces is not None and traces.authorization_secret is not None:
        yield NamedSecret("observability.traces.authorization_secret", traces.authorization_secret)
    yield from _provider_keys(settings)


def _provider_keys(settings: Settings) -> Iterator[NamedSecret]:
    for index, model in enumerate(settings.models):
        if model.fallback is not None:
            path = f"models[{index}].fallback"
            yield NamedSecret(f"{path}.key_secret", model.fallback.key_secret, model.fallback.host, path)


def generated_secrets(settings: Settings) -> tuple[str, ...]:
    """Names of the vault's secrets whose values the platform generates, sorted."""
    keys = {key for tenant in settings.tenants if tenant.generated for key in tenant.keys}
    password = generated_password(settings)
    return tuple(sorted(keys | ({password} if password is not None else set())))


def secret_names(stack: Resolution) -> tuple[str, ...]:
    """Names of the vault's secrets that this stack uses, sorted."""
    return tuple(sorted({secret.name for secret in named_secrets(stack)}))
