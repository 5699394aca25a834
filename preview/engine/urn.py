"""URNs and type tokens, in the syntax of the engine (pulumi: sdk/go/common/{resource/urn,tokens,providers})."""

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"
_PREFIX = "urn:pulumi:"
_PROVIDERS = "pulumi:providers:"
_PARTS = 4  # stack, project, qualified type, name; a name may itself contain "::"


def form(stack: str, project: str, parent: str | None, type_token: str, name: str) -> str:
    """The URN of a new resource; the root stack's type never shows in the qualified type of its children."""
    if parent is not None:
        above = qualified_type(parent)
        if above != ROOT_STACK_TYPE:
            type_token = f"{above}${type_token}"
    return f"{_PREFIX}{stack}::{project}::{type_token}::{name}"


def is_valid(urn: str) -> bool:
    """Whether the engine would parse this as a URN."""
    return urn.startswith(_PREFIX) and urn.count("::") >= _PARTS - 1


def qualified_type(urn: str) -> str:
    """The types of all ancestors below the root and of the resource itself, joined by `$`."""
    return urn.split("::", _PARTS - 1)[2]


def type_of(urn: str) -> str:
    """The resource's own type token."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's logical name."""
    return urn.split("::", _PARTS - 1)[3]


def is_type_token(token: str) -> bool:
    """Whether a token has the three parts (`package:module:Type`) that the engine requires of custom resources."""
    return token.count(":") > 1


def package_of(token: str) -> str:
    """The package of a type; empty for a token without a module."""
    package, colon, _ = token.partition(":")
    return package if colon else ""


def is_provider_type(token: str) -> bool:
    """Whether a type token names an explicit or default provider."""
    return token.startswith(_PROVIDERS) and len(token) > len(_PROVIDERS)


def provider_package(urn: str) -> str:
    """The package that a provider resource configures."""
    return type_of(urn).removeprefix(_PROVIDERS)


def is_default_provider(urn: str) -> bool:
    """Whether a URN is of a provider that the real engine adds by itself.

    The embedded engine never records these; a comparison with the real engine leaves them out by this rule.
    """
    return is_provider_type(type_of(urn)) and name_of(urn).startswith("default")
