"""Rules about images, videos and sounds that clients name by address, and that the server fetches for them."""

from config.addresses import nobodys
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.media import HOSTS, MOST, hosts_of_media


@release_rule(
    "ENGINE-MEDIA",
    "warning",
    prevents="Clients have the server fetch any address on the internet for them, as one that hides where a request "
    "comes from or that is made to wait.",
    source="https://docs.vllm.ai/en/latest/usage/security/",
    model=(*SOURCE, "engine.version", "engine.args"),
)
def fetched_addresses_are_listed(_: Resolution, release: ReleaseView) -> Violations:
    """A model that takes images has a list of the hosts from which they may come, or takes none."""
    if release.vllm is not None and hosts_of_media(release.architecture, release.options.values) == ():
        yield Violation(
            f"{release.path}.engine.args",
            f"`{release.name}` takes images, and fetches those that clients name by address from any host",
            f"write {HOSTS}: [HOST, …], or {MOST}: {{image: 0, video: 0}} where clients send none",
        )


@release_rule(
    "ENGINE-MEDIA-HOST",
    "error",
    prevents="Clients have the server ask itself, or the services that the cloud has for each machine, in their name.",
    source="https://docs.vllm.ai/en/latest/usage/security/; OWASP, server-side request forgery",
    model=(*SOURCE, "engine.version", "engine.args"),
)
def listed_hosts_are_somebodys(_: Resolution, release: ReleaseView) -> Violations:
    """Hosts from which images may come are neither the server itself nor link-local or reserved addresses."""
    hosts = hosts_of_media(release.architecture, release.options.values) if release.vllm is not None else None
    for host in hosts or ():
        wrong = nobodys(host)
        if wrong is not None:
            yield Violation(
                f"{release.path}.engine.args",
                f"{HOSTS} has `{host}`, which is {wrong}",
                "write the names of hosts with images, such as images.example.com",
            )
