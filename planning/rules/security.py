"""Rules about secrets: a token for gated models, and secrets of the stack's configuration that something reads."""

from config.wording import nearest
from planning.resolving.hugging_face import is_gated, token_secret
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.secrets import NamedSecret, named_secrets
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule, stack_rule


@release_rule(
    "SEC-HF-TOKEN",
    "error",
    prevents="The pod crashes once its GPU node is provisioned: Hugging Face answers 401, `Access to model … is "
    "restricted`.",
    source="https://huggingface.co/docs/hub/models-gated",
    model=(*SOURCE, "source.gated"),
    reads=("security.hugging_face_token",),
)
def gated_needs_token(stack: Resolution, release: ReleaseView) -> Violations:
    """With a gated model from Hugging Face the stack file names a secret with a token."""
    if is_gated(release) and stack.settings.security.hugging_face_token is None:
        yield Violation(
            "security.hugging_face_token",
            f"`{release.settings.source.model_id}` ({release.path}) is gated and no token is named",
            "write the name of the vault's secret with a token that may read it",
        )


@stack_rule(
    "SEC-TOKEN-UNREAD",
    "warning",
    prevents="A token is kept in the vault for nobody, or a model that should sign in does not.",
    source="this stack file",
    reads=("security.hugging_face_token", "models"),
)
def token_is_read(stack: Resolution) -> Violations:
    """Where the stack file names a secret with a token, some model signs in to Hugging Face with it."""
    named = stack.settings.security.hugging_face_token
    if named is not None and token_secret(stack) is None:
        yield Violation(
            "security.hugging_face_token",
            f"no model reads `{named}`: the weights of all of them are in the store, or anyone may download them",
            "leave it out; no Secret is made of it in the cluster; or write `gated: true` under models[].source",
        )


@stack_rule(
    "SEC-BOOTSTRAP",
    "error",
    prevents="A secret in the stack file is never used, while the pod that needs it stays in "
    "`CreateContainerConfigError`: the secret has another name.",
    source="this stack file",
    reads=("security", "gateway", "observability.receivers", "observability.traces", "registry.docker_hub"),
)
def bootstrap_is_read(stack: Resolution) -> Violations:
    """Secrets set with `pulumi config set --secret` have names that a setting of the stack file mentions."""
    secrets = list(named_secrets(stack))
    known, places = sorted({secret.name for secret in secrets}), [secret.path for secret in secrets]
    optional = ("security.hugging_face_token", "registry.docker_hub")
    places += [place for place in optional if not any(path.startswith(place) for path in places)]
    for name in stack.bootstrap:
        if name not in known:
            yield Violation(
                name,
                f"no setting names a secret `{name}` ({', '.join(places)})",
                nearest(name, known),
                (name, *places),
            )


@stack_rule(
    "SEC-SHARED-SECRET",
    "error",
    prevents="Envoy Gateway refuses the whole policy (`duplicated API key`) and answers 500 to every client; a private "
    "key, a token or the address of a webhook is accepted as an API key; or the registry signs in to Docker Hub with a "
    "client's key, and pulls fail with 401; or alerts are never delivered.",
    source="Envoy Gateway 1.9.1, SecurityPolicy `apiKeyAuth`, tried",
    reads=(
        "security",
        "gateway",
        "registry.docker_hub",
        "observability.receivers",
        "observability.traces",
        "models",
    ),
)
def one_use_per_secret(stack: Resolution) -> Violations:
    """Each secret has one use; only a mail server's password or a provider's key may have several of the same kind."""
    first_use: dict[str, NamedSecret] = {}
    for secret in named_secrets(stack):
        earlier = first_use.setdefault(secret.name, secret)
        if earlier != secret and (secret.use is None or secret.use != earlier.use):
            yield Violation(
                secret.path,
                f"`{secret.name}` is already {earlier.path}",
                "name a secret of its own for each",
                (*secret.rests_on, *earlier.rests_on),
            )
