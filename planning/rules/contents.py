"""Notes about what must be in vault and store before anything that needs it can start, and how it gets there."""

from planning.naming import WEIGHTS_CONTAINER
from planning.resolving.hugging_face import token_secret
from planning.resolving.limiter import limiter_password
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.secrets import generated_secrets, secret_names
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_PLACE = "cluster.api_server.runner_vnet"


@release_rule(
    "STORE-WEIGHTS",
    "info",
    prevents="`pulumi up` waits for pods that can't start: nothing is in the store yet, and from outside the network "
    "or without a data role Azure answers 403 to whoever uploads.",
    source="https://learn.microsoft.com/cli/azure/storage/blob#az-storage-blob-upload-batch",
    model=SOURCE,
    reads=("platform", _PLACE),
    needs="aks",
)
def weights_first(stack: Resolution, release: ReleaseView) -> Violations:
    """Weights from the store are uploaded before their model starts, by a member of cluster.admin_groups."""
    folder = release.settings.source.blob
    if folder is None:
        return
    account = stack.names.storage_account.value
    yield Violation(
        f"{release.path}.source.blob",
        f"the weights must be in `{WEIGHTS_CONTAINER}/{folder}` of {account} before `{release.name}` starts",
        f"az storage blob upload-batch --auth-mode login --account-name {account} -d {WEIGHTS_CONTAINER} "
        f"--destination-path {folder} -s ./{folder.partition('/')[0]}, {_where(stack)}",
    )


@stack_rule(
    "VAULT-SECRETS",
    "info",
    prevents="The gateway has no certificate or refuses its clients, or a gated model isn't loaded: the secret is not "
    "in the vault.",
    source="https://learn.microsoft.com/azure/key-vault/secrets/quick-create-cli",
    reads=("platform", "security", "gateway", "tenants", "observability.receivers", "models", _PLACE),
    needs="aks",
)
def secrets_first(stack: Resolution) -> Violations:
    """Secrets that the stack's configuration doesn't hold are in the vault already."""
    token = stack.settings.security.hugging_face_token
    unread = {token} if token is not None and token_secret(stack) is None else set()
    # Azure's access key of Redis is written there by this program.
    key = limiter_password(stack) if stack.settings.limiter.redis == "azure" else None
    written = {*stack.bootstrap, *generated_secrets(stack.settings), *([key] if key is not None else [])}
    missing = [name for name in secret_names(stack) if name not in written | unread]
    if missing:
        vault = stack.names.vault.value
        yield Violation(
            "security",
            f"{vault} must hold {', '.join(f'`{name}`' for name in missing)}, which this stack doesn't write",
            f"before the first `up`: pulumi config set --secret {missing[0]} < FILE; later: az keyvault secret set "
            f"--vault-name {vault} --name {missing[0]} --file FILE, {_where(stack)}",
        )


def _where(stack: Resolution) -> str:
    runner = stack.settings.cluster.api_server.runner_vnet
    place = f"from {runner.name}" if runner is not None else f"from a network that {_PLACE} names, or from a pod"
    return f"by a member of cluster.admin_groups, {place} (docs/operating.md)"
