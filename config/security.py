"""Security: the key vault and the names of the secrets in it; never the secrets themselves."""

from typing import Annotated

from pydantic import Field

from config.base import Flag, SecretName, Section


class Vault(Section):
    """The platform's Key Vault."""

    purge_protection: Flag = Field(
        default=False,
        description="`true` (no early purge; Azure never lets that be turned off) or `false`",
    )
    soft_delete_days: Annotated[int, Field(ge=7, le=90, strict=True)] = Field(
        default=7, description="the days, 7 to 90, in which a deleted secret can be restored"
    )


class Security(Section):
    """Where secrets are kept."""

    vault: Vault = Field(
        default_factory=Vault, description="the key vault: {purge_protection: true, soft_delete_days: 90}"
    )
    hugging_face_token: SecretName | None = Field(
        default=None,
        description="the name (not the value) of the vault's secret with the Hugging Face token: letters, digits and -",
    )
