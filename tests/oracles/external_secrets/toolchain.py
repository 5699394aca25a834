"""The real External Secrets operator, from its Go module, with its provider `fake` alone."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import SourceEdit, Toolchain

_MODULE: Final = "github.com/external-secrets/external-secrets"
_OTHER_PROVIDERS: Final = (
    "akeyless", "alibaba", "aws", "azure/keyvault", "beyondtrust", "bitwarden", "chef", "cloudru/secretmanager",
    "conjur", "delinea", "device42", "doppler", "fortanix", "gcp/secretmanager", "github", "gitlab", "ibm", "infisical",
    "keepersecurity", "kubernetes", "onboardbase", "onepassword", "oracle", "passbolt", "passworddepot", "previder",
    "pulumi", "scaleway", "secretserver", "senhasegura", "vault", "webhook", "yandex/certificatemanager",
    "yandex/lockbox",
)  # fmt: skip
_OTHER_GENERATORS: Final = ("acr", "ecr", "gcr", "github", "grafana", "quay", "sts", "vault", "webhook")


def _without(kind: str, names: tuple[str, ...]) -> tuple[SourceEdit, ...]:
    """Leave out what needs the libraries of all clouds: they are gigabytes, and hours of a compiler."""
    file = f"pkg/{kind}/register/register.go"
    return tuple(SourceEdit(_MODULE, file, f'\t_ "{_MODULE}/pkg/{kind}/{name}"\n', "") for name in names)


EXTERNAL_SECRETS: Final = Toolchain(
    name="external-secrets",
    module=Path(__file__).resolve().parent / "tools",
    # The image's name of the program. Webhook and certificate controller are its subcommands.
    programs={"external-secrets": _MODULE},
    linker_flags="-s -w",
    edits=(*_without("provider", _OTHER_PROVIDERS), *_without("generator", _OTHER_GENERATORS)),
)
