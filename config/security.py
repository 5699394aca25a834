"""Security: the key vault and the names of the secrets in it; never the secrets themselves."""

from typing import Annotated

from pydantic import Field

from config.base import Flag, SecretName, Section


class Vault(Section):
    """The platform's Key Vault."""

    purge_protection: Flag = Field(
        default=False, description="Deleted secrets can't be purged early. Azure never lets it be turned off again."
    )
    soft_delete_days: Annotated[int, Field(ge=7, le=90, strict=True)] = Field(default=7)


class Security(Section):
    """Where secrets are kept."""

    vault: Vault = Field(default_factory=Vault)
    hugging_face_token: SecretName | None = Field(
        default=None, description="Name of the vault's secret that holds the Hugging Face token."
    )
