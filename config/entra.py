"""Tokens of Microsoft Entra as a way to call the gateway, and what in a token makes its bearer a tenant."""

from typing import Annotated

from pydantic import Field, model_validator

from config.base import NO_GUID, Guid, Section, SettingRefusedError, StandIn, pattern

# Clients find it beside 443; below 1024 Envoy Gateway moves ports, and above 9999 are its own and its proxies'.
ENTRA_PORT = 8443
# A value of an app role may not begin with a dot (Microsoft Graph, resource type appRole, `value`).
_ROLE = r"[A-Za-z0-9!#$%&'()*+,/:;<=>?@_~-]"


class Entra(Section):
    """The listener at which tenants send tokens of Entra in place of API keys."""

    audience: Annotated[Guid, StandIn(NO_GUID)] = Field(
        description="the application (client) id of the app registration that stands for the gateway, a GUID in lower "
        "case: in tokens of version 2.0 the audience is that id, never a URI such as api://llm"
    )
    port: Annotated[int, Field(ge=1024, le=9999, strict=True)] = Field(
        default=ENTRA_PORT,
        description="the port of gateway.hostname that takes tokens, 1024 to 9999 but 1064, the AI gateway's; 443 "
        "takes keys",
    )


class TenantEntra(Section):
    """Whose tokens are a tenant's: one that any of these is in."""

    groups: tuple[Guid, ...] = Field(
        default=(),
        max_length=100,
        description="object ids (GUIDs in lower case) of Entra groups whose members call as this tenant",
    )
    applications: tuple[Guid, ...] = Field(
        default=(),
        max_length=100,
        description="application (client) ids of programs that call as this tenant, by themselves or for their users",
    )
    roles: tuple[Annotated[str, pattern(rf"^{_ROLE}({_ROLE}|\.)*$", longest=120)], ...] = Field(
        default=(),
        max_length=100,
        description="values of app roles of the gateway's app registration, such as Models.TeamA; the first character "
        "is no dot",
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> "TenantEntra":
        if not (self.groups or self.applications or self.roles):
            raise SettingRefusedError(
                "nobody's token is this tenant's", "write groups: [GUID], applications: [GUID] or roles: [NAME]"
            )
        return self
