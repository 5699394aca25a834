"""What must be there before the first update: where Pulumi keeps its state, the key for its secrets, and who may write.

State and key lie outside the stack, so that destroying the stack doesn't destroy them. Every command is printed before
it runs, and can be run again: what is there is left as it is.
"""

import hashlib
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pipelines.hosts import AUDIENCE

FINE, FAILED = 0, 1
_ISSUER = "https://token.actions.githubusercontent.com"
_KEPT_DAYS = "30"
_THEN = """
State and key are there. Then, once:
  pulumi login '{wanted.state}'
  pulumi stack init {wanted.stack} --secrets-provider '{wanted.key}'
which writes the key's name into Pulumi.{wanted.stack}.yaml: set the stack's secrets (docs/secrets.md), and commit it.
Put {wanted.updating} into one of the groups of cluster.admin_groups. Set in {wanted.repository}, in the
environments `{wanted.stack}` (AZURE_CLIENT_ID of {wanted.updating}) and `preview-{wanted.stack}`
(AZURE_CLIENT_ID of {wanted.previewing}):
  AZURE_TENANT_ID, AZURE_SUBSCRIPTION_ID={wanted.subscription}, PULUMI_BACKEND_URL={wanted.state}"""
# Exit code and output of a command.
Run = Callable[[Sequence[str]], tuple[int, str]]


class Wanted(Struct, frozen=True, kw_only=True):
    """The names of what is made, from the stack's platform section; `repository` is OWNER/NAME on GitHub."""

    stack: str
    name: str
    suffix: str
    region: str
    subscription: str
    repository: str

    @property
    def group(self) -> str:
        """The resource group, which is not one of the stack's."""
        return f"rg-{self.name}-state-{self.stack}"

    @property
    def _own(self) -> str:
        """Four digits that no other stack has: two stacks of one platform may be in two subscriptions."""
        return hashlib.sha256(f"{self.subscription} {self.stack}".encode()).hexdigest()[:4]

    @property
    def account(self) -> str:
        """The storage account: 24 lower-case letters and digits at most, unique in the world."""
        return f"st{re.sub('[^a-z0-9]', '', self.name)[:13]}{self.suffix[:5]}{self._own}"

    @property
    def vault(self) -> str:
        """The vault with the key: 24 characters at most, unique in the world."""
        return f"kv-{self.name[:10].rstrip('-')}-{self.suffix[:5]}-{self._own}"

    @property
    def updating(self) -> str:
        """The identity that updates the stack: signs in from the pipeline's environment of the stack's name."""
        return f"id-{self.name}-update-{self.stack}"

    @property
    def previewing(self) -> str:
        """The identity that may only read, for pull requests: signs in from the environment `preview-STACK`."""
        return f"id-{self.name}-preview-{self.stack}"

    @property
    def key(self) -> str:
        """The address of the key, as Pulumi's secrets provider takes it."""
        return f"azurekeyvault://{self.vault}.vault.azure.net/keys/pulumi"

    @property
    def state(self) -> str:
        """The address of the state, as `pulumi login` takes it."""
        return f"azblob://{self.stack}?storage_account={self.account}"


class Step(Struct, frozen=True):
    """A command, and the one that succeeds where it has been run before; None for one that may be run again."""

    command: list[str]
    unless: list[str] | None = None


def identities(wanted: Wanted) -> Iterator[Step]:
    """The group of the state, and the identities as which the pipelines of this stack, and no others, sign in."""
    group = ["az", "group", "create", "--name", wanted.group, "--location", wanted.region]
    yield Step([*group, *_in(wanted), "--output", "none"])
    for name, environment in ((wanted.updating, wanted.stack), (wanted.previewing, f"preview-{wanted.stack}")):
        yield Step(_az("identity create", wanted, name=name, location=wanted.region))
        subject = f"repo:{wanted.repository}:environment:{environment}"
        yield Step(
            _az(
                "identity federated-credential create", wanted, identity_name=name, name="github", issuer=_ISSUER,
                subject=subject, audiences=AUDIENCE,
            )
        )  # fmt: skip


def steps(wanted: Wanted, updating: str, previewing: str, admin: str) -> Iterator[Step]:
    """What is run once the identities are there; all three are object ids in Entra, `admin` that of who runs this."""
    scope = f"/subscriptions/{wanted.subscription}"
    store = f"{scope}/resourceGroups/{wanted.group}/providers/Microsoft.Storage/storageAccounts/{wanted.account}"
    container = f"{store}/blobServices/default/containers/{wanted.stack}"
    vault = f"{scope}/resourceGroups/{wanted.group}/providers/Microsoft.KeyVault/vaults/{wanted.vault}"
    key = f"{vault}/keys/pulumi"
    yield Step(
        _az(
            "storage account create", wanted, name=wanted.account, location=wanted.region, sku="Standard_ZRS",
            kind="StorageV2", min_tls_version="TLS1_2", allow_shared_key_access="false",
            allow_blob_public_access="false",
        )
    )  # fmt: skip
    yield Step(
        _az(
            "storage account blob-service-properties update", wanted, account_name=wanted.account,
            enable_versioning="true", enable_delete_retention="true", delete_retention_days=_KEPT_DAYS,
            enable_container_delete_retention="true", container_delete_retention_days=_KEPT_DAYS,
        )
    )  # fmt: skip
    yield Step(
        _az("storage container-rm create", wanted, storage_account=wanted.account, name=wanted.stack),
        _az("storage container-rm show", wanted, storage_account=wanted.account, name=wanted.stack),
    )
    yield Step(
        _az(
            "keyvault create", wanted, name=wanted.vault, location=wanted.region, enable_rbac_authorization="true",
            enable_purge_protection="true", retention_days="90",
        ),
        _az("keyvault show", wanted, name=wanted.vault),
    )  # fmt: skip
    yield _role("Key Vault Crypto Officer", admin, "User", vault)
    yield Step(
        _az("keyvault key create", None, vault_name=wanted.vault, name="pulumi", kty="RSA", size="4096"),
        _az("keyvault key show", None, vault_name=wanted.vault, name="pulumi"),
    )
    yield _role("Storage Blob Data Contributor", admin, "User", container)
    for role, principal, where in (
        ("Storage Blob Data Contributor", updating, container),
        ("Key Vault Crypto User", updating, key),
        ("Contributor", updating, scope),
        # Roles, and the locks of a protected stack.
        ("User Access Administrator", updating, scope),
        ("Storage Blob Data Reader", previewing, container),
        ("Key Vault Crypto User", previewing, key),
        ("Reader", previewing, scope),
        # The cluster's address and certificate; what it may do there, the cluster decides.
        ("Azure Kubernetes Service Cluster User Role", previewing, scope),
    ):
        yield _role(role, principal, "ServicePrincipal", where)


def bootstrap(wanted: Wanted, run: Run, show: Callable[[str], None] = print) -> int:
    """Run every step, each printed first; stops at the first that fails, and can be run again."""
    if not all(_done(step, run, show) for step in identities(wanted)):
        return FAILED
    questions = [
        [*_az("identity show", wanted, name=name)[:-2], "--query", "principalId", "--output", "tsv"]
        for name in (wanted.updating, wanted.previewing)
    ]
    questions.append(["az", "ad", "signed-in-user", "show", "--query", "id", "--output", "tsv"])
    found = []
    for question in questions:
        show(f"$ {shlex.join(question)}")
        found.append(run(question))
    if any(status for status, _ in found):
        show("the identities, or who is signed in, can't be read: az login, as a person")
        return FAILED
    updating, previewing, admin = (text.strip() for _, text in found)
    if not all(_done(step, run, show) for step in steps(wanted, updating, previewing, admin)):
        return FAILED
    show(_THEN.format(wanted=wanted))
    return FINE


def planned(wanted: Wanted) -> Iterator[str]:
    """Every command as it would be printed, with placeholders for the ids that Entra gives."""
    for step in (*identities(wanted), *steps(wanted, "UPDATING", "PREVIEWING", "YOU")):
        yield shlex.join(step.command)


def _done(step: Step, run: Run, show: Callable[[str], None]) -> bool:
    if step.unless is not None:
        show(f"$ {shlex.join(step.unless)}")
        if run(step.unless)[0] == 0:
            show(f"there already: {shlex.join(step.command)}")
            return True
    show(f"$ {shlex.join(step.command)}")
    status, text = run(step.command)
    if status:
        show(text)
    return status == 0


def _in(wanted: Wanted) -> list[str]:
    return ["--subscription", wanted.subscription]


def _az(verbs: str, wanted: Wanted | None, **options: str) -> list[str]:
    """A command of the Azure CLI, in the group of the state; the options' names with dashes."""
    found = ["az", *verbs.split()]
    found += [] if wanted is None else ["--resource-group", wanted.group, *_in(wanted)]
    for name, value in options.items():
        found += [f"--{name.replace('_', '-')}", value]
    return [*found, "--output", "none"]


def _role(role: str, principal: str, kind: str, scope: str) -> Step:
    """Azure answers the same assignment again with the one that is there."""
    return Step(
        ["az", "role", "assignment", "create", "--role", role, "--assignee-object-id", principal,
         "--assignee-principal-type", kind, "--scope", scope, "--output", "none"]
    )  # fmt: skip
