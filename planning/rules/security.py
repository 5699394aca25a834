"""Rules about secrets: a token for gated models, and secrets of the stack's configuration that something reads."""

from collections.abc import Iterator

from config.wording import nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule, stack_rule


@release_rule(
    "SEC-HF-TOKEN",
    "error",
    prevents="The pod crashes once its GPU node is provisioned: Hugging Face answers 401, `Access to model … is "
    "restricted`.",
    source="https://huggingface.co/docs/hub/models-gated",
    model=SOURCE,
    reads=("security.hugging_face_token",),
)
def gated_needs_token(stack: Resolution, release: ReleaseView) -> Violations:
    """With a gated model from Hugging Face the stack file names a secret with a token."""
    gated = (
        release.architecture is not None
        and release.architecture.gated
        and release.settings.source.huggingface is not None
    )
    if gated and stack.settings.security.hugging_face_token is None:
        yield Violation(
            "security.hugging_face_token",
            f"`{release.settings.source.model_id}` ({release.path}) is gated and no token is named",
            "write the name of the vault's secret with a token that may read it",
        )


@stack_rule(
    "SEC-BOOTSTRAP",
    "error",
    prevents="A secret in the stack file is never used, while the pod that needs it stays in "
    "`CreateContainerConfigError`: the secret has another name.",
    source="this stack file",
    reads=("security", "gateway", "observability.receivers", "registry.docker_hub"),
)
def bootstrap_is_read(stack: Resolution) -> Violations:
    """Secrets set with `pulumi config set --secret` have names that a setting of the stack file mentions."""
    known = secret_names(stack)
    clients = [f"gateway.clients[{index}].key_secret" for index in range(len(stack.settings.gateway.clients))]
    receivers = stack.settings.observability.receivers
    receiving = [f"observability.receivers[{index}].secret" for index, item in enumerate(receivers) if item.secret]
    account = ("registry.docker_hub.username_secret", "registry.docker_hub.token_secret")
    places = ("security.hugging_face_token", "gateway.certificate", *clients, *receiving, *account)
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
    prevents="Envoy Gateway refuses the whole policy (`duplicated API key`) and answers 500 to every client; or a "
    "private key or a token is accepted as an API key.",
    source="Envoy Gateway 1.9.1, SecurityPolicy `apiKeyAuth`, tried",
    reads=("security", "gateway"),
)
def one_use_per_secret(stack: Resolution) -> Violations:
    """Every client's key, the certificate and the Hugging Face token are secrets of their own."""
    first_use: dict[str, str] = {}
    for path, name in _uses(stack):
        earlier = first_use.setdefault(name, path)
        if earlier != path:
            yield Violation(
                path, f"`{name}` is already {earlier}", "name a secret of its own for each", (path, earlier)
            )


def _uses(stack: Resolution) -> Iterator[tuple[str, str]]:
    """Every setting that names a secret of models or gateway, with that name."""
    security, gateway = stack.settings.security, stack.settings.gateway
    yield "gateway.certificate", gateway.certificate
    if security.hugging_face_token is not None:
        yield "security.hugging_face_token", security.hugging_face_token
    for index, client in enumerate(gateway.clients):
        yield f"gateway.clients[{index}].key_secret", client.key_secret


def secret_names(stack: Resolution) -> tuple[str, ...]:
    """Names of the vault's secrets that this stack uses, sorted."""
    receiving = {item.secret for item in stack.settings.observability.receivers if item.secret is not None}
    account = stack.settings.registry.docker_hub
    signing_in = {account.username_secret, account.token_secret} if account is not None else set()
    return tuple(sorted(receiving | signing_in | {name for _, name in _uses(stack)}))
