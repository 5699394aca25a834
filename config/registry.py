"""Registry: which images come through the platform's registry, and the account by which it reads Docker Hub."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.addresses import usable_host
from config.base import Flag, SecretName, Section, StandIn, Text, pattern

# A registry, which has a dot or a port in its name, and a repository: distribution/reference reference.go, in lower
# case. 255 characters are the longest name that it takes.
_HOST = r"([a-z0-9-]+([.][a-z0-9-]+)+(:[0-9]{1,5})?|[a-z0-9-]+:[0-9]{1,5})"
_PART = r"[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*"
_REPOSITORY = rf"^{_HOST}((/{_PART})+|(/{_PART})*/[*])$"


def _somebodys(value: str) -> str:
    usable_host(value.partition("/")[0].partition(":")[0], "write a registry's own name, such as acme.azurecr.io/tools")
    return value


class DockerHub(Section):
    """An account of Docker Hub; Azure's artifact cache reads Docker Hub only with one."""

    username_secret: Annotated[SecretName, StandIn("recovered-username")] = Field(
        description="the name (not the value) of the vault's secret with the account's name: letters, digits and -"
    )
    token_secret: Annotated[SecretName, StandIn("recovered-token")] = Field(
        description="the name (not the value) of the vault's secret with a read-only access token: letters, digits, -"
    )


class Registry(Section):
    """Where nodes pull images from."""

    images: Literal["cached", "upstream"] = Field(
        default="cached",
        description="`cached` (through the platform's registry, where its cache takes the upstream) or `upstream`",
    )
    docker_hub: DockerHub | None = Field(
        default=None,
        description="the account for Docker Hub, with vLLM's image: {username_secret: …, token_secret: …}; without it "
        "those images come from Docker Hub anonymously",
    )
    allowed: tuple[Annotated[str, pattern(_REPOSITORY, longest=255), AfterValidator(_somebodys)], ...] = Field(
        default=(),
        max_length=100,
        description="repositories of your own from which pods in the platform's namespaces may come too, such as "
        "[acme.azurecr.io/tools/probe, ghcr.io/acme/*]: with the registry, without a tag; `/*` is everything below",
    )
    require_digests: Flag = Field(
        default=False,
        description="`true` refuses a stack while an image that could be named by its digest is named by its tag",
    )
    keyrings: Annotated[dict[str, Text], Field(max_length=100)] = Field(
        default_factory=dict,
        description="files with the public keys by which Helm checks who made a chart, as paths from the project's "
        "folder: {cert-manager: keys/cert-manager.gpg}",
    )
    imported: tuple[Text, ...] = Field(
        default=(),
        max_length=100,
        description="a list of upstream registries whose images you import yourself, such as [nvcr.io]",
    )
