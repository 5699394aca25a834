"""Registry: which images come through the platform's registry, and the account by which it reads Docker Hub."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import SecretName, Section, StandIn, Text


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
    imported: tuple[Text, ...] = Field(
        default=(),
        max_length=100,
        description="a list of upstream registries whose images you import yourself, such as [nvcr.io]",
    )
