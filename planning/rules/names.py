"""Rules about names that are taken, or that Azure or Kubernetes refuse although each part of them is legal."""

import re
from typing import Any

from config import SECTIONS
from config.lists import plain_lists
from planning.naming import WEIGHTS_CONTAINER
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.secrets import named_secrets
from planning.resolving.system_pool import FIRST_POOL, SYSTEM_POOL
from planning.rules.register import Violation, Violations, pool_rule, release_rule, stack_rule

_TAKEN_POOLS = {
    SYSTEM_POOL: "the system pool (cluster.system_pool)",
    FIRST_POOL: "the node that AKS requires (cluster.first_pool)",
}
_TAKEN_MODELS = {
    "default": "the service account that Kubernetes makes in every namespace",
    "default-deny": "the network policy that closes the models' namespace",
    "store": "the store of weights, in Pulumi's names",
    "key-vault-reader": "the service account by which secrets of the namespace are read",
}
_QUALIFIED = re.compile(
    r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
# Folders of the container that are left for the names of files.
_FILE_NAME_LONGEST = 255


@pool_rule(
    "POOL-NAME",
    "error",
    prevents="AKS refuses a second pool of the same name, or pods for system nodes are scheduled on GPU nodes.",
    source="planning/resolving/system_pool.py",
    pool=("name",),
    needs="aks",
)
def pool_name_free(_: Resolution, pool: PoolView) -> Violations:
    """No node pool has the name of one that the platform makes itself."""
    if pool.name in _TAKEN_POOLS:
        yield Violation(f"{pool.path}.name", f"`{pool.name}` is {_TAKEN_POOLS[pool.name]}", "choose another name")


@release_rule(
    "NAME-TAKEN",
    "error",
    prevents="`pulumi up` stops with `already exists` or `Duplicate resource URN`.",
    source="this program's own names",
    model=("name",),
)
def model_name_free(_: Resolution, release: ReleaseView) -> Violations:
    """No model has a name that Kubernetes or the platform has given to something else where it would be used again."""
    if release.name in _TAKEN_MODELS:
        yield Violation(
            f"{release.path}.name",
            f"`{release.name}` is {_TAKEN_MODELS[release.name]}",
            "name the model after what it serves",
        )


@stack_rule(
    "NAME-RESERVED",
    "error",
    prevents="Azure refuses vault, registry, storage account or cluster: `ReservedResourceName`.",
    source="https://learn.microsoft.com/azure/azure-resource-manager/templates/error-reserved-resource-name",
    reads=("platform.name", "platform.suffix"),
    needs="aks",
)
def no_reserved_word(stack: Resolution) -> Violations:
    """The platform's name holds no word that Azure reserves in names with a public host name."""
    limits, name = stack.catalog.limits, stack.settings.platform.name
    flat = name.replace("-", "")
    for word in limits.reserved_words:
        if word in flat:
            yield Violation("platform.name", f"`{name}` contains `{word}`, which Azure reserves", "leave that word out")
    for word in limits.reserved_first_words:
        if name.startswith(word):
            yield Violation(
                "platform.name", f"`{name}` begins with `{word}`, which Azure reserves", "choose another first word"
            )


@stack_rule(
    "NET-RUNNER-NAME",
    "error",
    prevents="Azure refuses the second link of a private DNS zone: both networks have the same name.",
    source="https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links",
    reads=("cluster.api_server.runner_vnet", "platform"),
    needs="aks",
)
def runner_is_another_network(stack: Resolution) -> Violations:
    """The runner's network is not called like the platform's."""
    runner = stack.settings.cluster.api_server.runner_vnet
    if runner is not None and runner.name.casefold() == stack.names.vnet.value.casefold():
        yield Violation(
            "cluster.api_server.runner_vnet",
            f"`{runner.name}` is also the name of the platform's own network",
            "name a network with another name; if it is the platform's own, leave runner_vnet out",
        )


@stack_rule(
    "SEC-SECTION",
    "error",
    prevents="`pulumi config set --secret` with the secret's name replaces a whole section of the stack file.",
    source="https://www.pulumi.com/docs/iac/concepts/config/",
    reads=("security", "gateway", "registry.docker_hub", "observability.receivers"),
)
def secret_is_no_section(stack: Resolution) -> Violations:
    """No secret has the name of a section of the stack file, under which its first value would be set."""
    for path, name, *_ in named_secrets(stack):
        if name in SECTIONS:
            yield Violation(
                path,
                f"`{name}` is a section of the stack file, which `pulumi config set --secret {name}` would replace",
                "give the secret another name",
                (path,),
            )


@stack_rule(
    "SEC-CASE",
    "error",
    prevents="Two clients have the same API key: to Key Vault names that differ in case are one secret.",
    source="https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates",
    reads=("security", "gateway", "registry.docker_hub", "observability.receivers"),
    needs="aks",
)
def secrets_differ(stack: Resolution) -> Violations:
    """No two names of secrets differ only in upper and lower case."""
    seen: dict[str, tuple[str, str]] = {}
    for path, name, *_ in named_secrets(stack):
        first_path, first = seen.setdefault(name.casefold(), (path, name))
        if first != name:
            yield Violation(
                path,
                f"`{name}` differs from `{first}` ({first_path}) only in upper and lower case",
                "write both the same, or choose another name",
                (path, first_path),
            )


@release_rule(
    "STORE-PATH",
    "error",
    prevents="Weights can't be uploaded, or vLLM looks for them elsewhere: Azure resolves `..` and takes no last dot.",
    source="https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata",
    model=("source.blob",),
    needs="aks",
)
def folder_accepted(stack: Resolution, release: ReleaseView) -> Violations:
    """A folder of the model store has no part `.` or `..`, ends in no dot, and leaves room for the names of files."""
    folder = release.settings.source.blob
    if folder is None:
        return
    path, room = f"{release.path}.source.blob", stack.catalog.limits.blob_name_longest - _FILE_NAME_LONGEST
    wrong = [part for part in folder.split("/") if part in (".", "..") or part.endswith(".")]
    if wrong:
        yield Violation(
            path, f"`{wrong[0]}` can't be a folder in `{WEIGHTS_CONTAINER}`", "write folders without a dot at the end"
        )
    if len(folder) > room:
        yield Violation(path, f"{len(folder)} characters; {room} leave room for the names of files", "shorten it")


@stack_rule(
    "STORE-SHARED",
    "warning",
    prevents="A hole in one model's server reads another model's weights: the identity of each may read everything "
    "below the first part of its folder.",
    source="https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac",
    reads=("models",),
    needs="aks",
)
def folders_are_apart(stack: Resolution) -> Violations:
    """Models with other weights in the model store have folders whose first parts differ."""
    first: dict[str, ReleaseView] = {}
    for release in stack.releases:
        folder = release.settings.source.blob
        if folder is None:
            continue
        top = folder.partition("/")[0]
        other = first.setdefault(top, release)
        if other.settings.source.blob != folder:
            path = f"{release.path}.source.blob"
            yield Violation(
                path,
                f"`{release.name}` and `{other.name}` both have weights below `{top}/`: each may read the other's",
                f"move one to a folder of its own, such as {release.name}/{folder.partition('/')[2] or 'REVISION'}",
                (path, f"{other.path}.source.blob"),
            )


@pool_rule(
    "TAINT-KEY",
    "error",
    prevents="AKS refuses the pool: a taint's key is no qualified name, or the same taint is given twice.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set",
    pool=("taints",),
)
def taints_accepted(_: Resolution, pool: PoolView) -> Violations:
    """A taint's key is a name of up to 63 characters, with a DNS name before `/` if it has one; none is given twice."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(pool.settings.taints):
        path = f"{pool.path}.taints[{index}]"
        if not _QUALIFIED.fullmatch(taint.key):
            yield Violation(
                path, f"`{taint.key}` can't be a taint's key", "write name or dns.name/name, such as acme.example/team"
            )
        if (taint.key, taint.effect) in seen and taint not in pool.settings.taints[:index]:
            yield Violation(path, f"`{taint.key}` has the effect {taint.effect} already", "leave one of them out")
        seen.add((taint.key, taint.effect))


@stack_rule(
    "LIST-TWICE",
    "error",
    prevents="Pulumi stops with `Duplicate resource URN`, Azure refuses a list with the same item twice, or the item "
    "that was meant is missing.",
    source="this stack file",
)
def nothing_twice(stack: Resolution) -> Violations:
    """Nothing is listed twice, in any list; a MIG layout alone may have equal slices."""
    for path, items in plain_lists(stack.settings):
        for index, item in enumerate(items):
            before = next((earlier for earlier in items[:index] if _same(earlier) == _same(item)), None)
            if before is not None:
                how = "" if before == item else f" as `{before}`"
                yield Violation(f"{path}[{index}]", f"`{item}` is in the list already{how}", "leave it out", (path,))


def _same(item: Any) -> Any:
    """What stands for an item: mail servers and Azure read an address, and the id of a resource, in any case."""
    return item.casefold() if isinstance(item, str) and ("@" in item or item.startswith("/")) else item
