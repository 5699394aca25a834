"""Rules about where models may go on the internet."""

import re

from planning.resolving.egress import senders
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine_unsafe import refused_options
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.media import HOSTS, MOST, hosts_of_media

# Names that the definition of CiliumNetworkPolicy takes, without a dot at the end.
_NAME = re.compile(r"([-a-zA-Z0-9_]+\.)+[-a-zA-Z0-9_]+", re.ASCII)


@release_rule(
    "NET-EGRESS",
    "error",
    prevents="Requests fail: with `network.egress: fqdn` a model reaches the hosts of its weights and those that are "
    "listed for media, and no other.",
    source="https://learn.microsoft.com/azure/aks/container-network-security-fqdn-filtering-concepts",
    reads=("network.egress",),
    model=("name", *SOURCE, "engine.version", "engine.args", "engine.unsafe"),
    needs="aks",
)
def hosts_are_known(stack: Resolution, release: ReleaseView) -> Violations:
    """Where policies name hosts, every host that a model asks can be named."""
    if stack.settings.network.egress != "fqdn" or release.vllm is None:
        return
    hosts = hosts_of_media(release.architecture, release.options.values)
    if hosts == ():
        yield Violation(
            f"{release.path}.engine.args",
            f"`{release.name}` fetches images from any host that a client names; `network.egress: fqdn` admits none",
            f"write {HOSTS}: [HOST, …] or {MOST}: {{image: 0, video: 0}}, or network.egress: addresses",
        )
    for host in hosts or ():
        if not _NAME.fullmatch(host):
            yield Violation(
                release.options.path_of(HOSTS),
                f"`{host}` is no name of a host, which `network.egress: fqdn` needs",
                "write full names such as images.acme.example",
            )
    refused = refused_options(release)
    for found in senders(release):
        if found.name.partition(".")[0] in refused:
            continue
        yield Violation(
            found.path,
            f"`{found.name}` may send to a host that `network.egress: fqdn` doesn't admit",
            "leave it out, or write network.egress: addresses",
        )
