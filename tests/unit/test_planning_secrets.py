"""No setting that names a secret is left out of the list that the rules about secrets go by."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from planning_stacks import CATALOG, settings

from config.base import SecretName, Section
from config.settings import Settings
from planning.resolving.resolution import Resolution
from planning.resolving.secrets import named_secrets

(_NAME,) = vars(SecretName)["__metadata__"]
NAMING: dict[str, Any] = {
    "models[0].fallback": {"url": "https://api.provider.example/v1", "model": "big", "key_secret": "key-provider"},
    "security.hugging_face_token": "hugging-face",
    "tenants": [
        {"name": "one", "key_secret": "key", "limits": {"requests_per_minute": 600}},
        {"name": "two", "key_secrets": ["key-2", "key-1"]},
    ],
    "limiter.password_secret": "redis",
    "registry.docker_hub": {"username_secret": "docker-name", "token_secret": "docker-token"},
    "observability.receivers": [{"name": "team", "kind": "slack", "secret": "slack"}],
    "observability.traces": {
        "backend": "otlp",
        "endpoint": "https://traces.acme.example",
        "authorization_secret": "trace-key",
    },
}


def parts(annotation: Any) -> Iterator[Any]:
    """An annotation with all that it is made of."""
    yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


def paths(section: type[Section], begin: str = "") -> Iterator[str]:
    """Paths of all fields that take the name of a secret, `[]` for any item of a list."""
    for name, annotation in section.__annotations__.items():
        for part in parts(annotation):
            is_list = any(get_origin(outer) is tuple for outer in parts(annotation))
            path = f"{begin}{name}{'[]' if is_list else ''}"
            if _NAME in getattr(part, "__metadata__", ()):
                yield path
            elif isinstance(part, type) and issubclass(part, Section):
                yield from paths(part, f"{path}.")


def test_every_setting_that_takes_the_name_of_a_secret_is_in_the_list() -> None:
    listed = {re.sub(r"\[\d+\]", "[]", secret.path) for secret in named_secrets(Resolution(settings(NAMING), CATALOG))}
    assert listed == set(paths(Settings))
