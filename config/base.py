"""The types of the stack file: closed, frozen sections and the domain types of their fields."""

import ipaddress
import os
from collections.abc import Callable
from copy import deepcopy
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    Strict,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

# A stack file means the same whatever else is installed, so no plugin of pydantic takes part; looking for them would
# also read the metadata of every installed package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

GUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
COMMIT_PATTERN = r"^[0-9a-f]{40}$"
# AKS accepts key=value:Effect; the autoscaler doesn't simulate a taint without a value on a pool of zero nodes.
TAINT_PATTERN = (
    r"^[a-z0-9]([a-z0-9./-]{0,61}[a-z0-9])?=[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?:(NoSchedule|NoExecute)$"
)
# Names of resource groups may have letters and digits of every script, those of networks only ASCII's:
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_GROUP = r"([A-Za-z0-9_().-]|[^\x00-\x7f]){0,89}([A-Za-z0-9_()-]|[^\x00-\x7f])"
_VNET = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}[A-Za-z0-9_]"
VNET_PATTERN = (
    rf"^/subscriptions/[0-9a-f-]{{36}}/resourceGroups/{_GROUP}/providers/Microsoft\.Network/virtualNetworks/{_VNET}$"
)


class SettingRefusedError(ValueError):
    """A value of the right type that the stack file does not allow; `fix` is what to write instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


class StandIn(Struct, frozen=True):
    """The value that error recovery gives a field whose value is missing or wrong.

    Required fields of plain values need one. For names that the catalog doesn't have, rules report nothing that depends
    on them, and the smallest numbers never exceed a limit. `{index}` in a text is the number of the list's item.
    `needed` are optional fields without which a section is wrong unless another one is there.
    """

    value: Any
    needed: bool = False

    def at(self, place: tuple[str | int, ...]) -> Any:
        """A copy of the value for a place such as ("pools", 1, "name")."""
        if isinstance(self.value, str):
            return self.value.format(index=next((step for step in reversed(place) if isinstance(step, int)), 0))
        return deepcopy(self.value)


UNKNOWN_NAME = StandIn("?")
# Of a list in which the same item twice means two of them; rule LIST-TWICE refuses it in every other list.
REPEATABLE = "repeatable"
NO_GUID = "00000000-0000-0000-0000-000000000000"


class Section(BaseModel):
    """A part of the stack file: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, defer_build=True)


def _reason(value: str) -> str:
    if "/" not in value:
        return "the prefix length is missing, such as /24 for 256 addresses"
    try:
        ipaddress.IPv4Interface(value)
    except ValueError:
        return "a range is four numbers up to 255, a slash and a prefix length up to 32"
    return "the address is inside the range, not its first"


def _as_network(value: str) -> str:
    try:
        return f"write {ipaddress.IPv4Interface(value).network}" + ("" if "/" in value else " for this one address")
    except ValueError:
        return "write a range such as 10.20.0.0/16"


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
        if "/" not in value:
            # Python reads an address without a prefix length as a range of one.
            raise ValueError(value)  # noqa: TRY301  # reported as every other wrong range
    except ValueError as error:
        raise SettingRefusedError(f'"{value}" is not an IPv4 range: {_reason(value)}', _as_network(value)) from error
    return str(network)


def pattern(expression: str, *, longest: int | None = None) -> StringConstraints:
    r"""A string constraint: `expression` is a regular expression, `longest` the most characters allowed.

    Classes of characters are spelled out: `\w` and `\d` stand for letters and digits of every script, which none of the
    systems accepts that get the value, and each takes 100 KiB and more.
    """
    return StringConstraints(pattern=expression, max_length=longest, strict=True)


Text = Annotated[str, Strict(), Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0, le=10_000_000)]
Positive = Annotated[int, Strict(), Field(ge=1)]
# Upper bounds are far above any real figure, so that a slip of the finger is not computed with.
Tokens = Annotated[int, Strict(), Field(ge=1, le=100_000_000)]
Requests = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
Gpus = Annotated[int, Strict(), Field(ge=1, le=1024)]
Gib = Annotated[float, Field(ge=0, le=100_000, strict=True, allow_inf_nan=False)]
Guid = Annotated[str, pattern(GUID_PATTERN)]
Commit = Annotated[str, pattern(COMMIT_PATTERN)]
Sha256 = Annotated[str, pattern(r"^[0-9a-f]{64}$")]
Network = Annotated[str, Strict(), AfterValidator(_network)]
Version = Annotated[str, pattern(r"^[0-9]+\.[0-9]+(\.[0-9]+)?$")]
# A disk for pods: 32767 GiB is the largest of Azure's kinds that AKS's storage classes make
# (https://learn.microsoft.com/azure/virtual-machines/disks-types), and below 8 GiB nothing is left for metrics.
LARGEST_DISK_GIB = 32767
DiskGib = Annotated[int, Strict(), Field(ge=8, le=LARGEST_DISK_GIB)]
# Key Vault names its secrets with letters, digits and dashes, 127 at most (Azure naming rules).
SecretName = Annotated[str, pattern(r"^[0-9A-Za-z-]+$", longest=127)]
Zone = Literal["1", "2", "3"]


def _read_by(parse: Callable[[str], object], text: CoreSchema) -> CoreSchema:
    """A value that is parsed from text and written back as text."""
    as_text = core_schema.to_string_ser_schema()
    return core_schema.no_info_after_validator_function(parse, text, serialization=as_text)


class Taint(Struct, frozen=True):
    """A taint of a node: pods that don't tolerate it are not scheduled there; as text `key=value:Effect`."""

    key: str
    value: str
    effect: str

    @classmethod
    def parse(cls, text: str) -> "Taint":
        """Read a text of the form `TAINT_PATTERN`."""
        key, _, rest = text.partition("=")
        value, _, effect = rest.partition(":")
        return cls(key, value, effect)

    def __str__(self) -> str:
        """The taint as AKS accepts it."""
        return f"{self.key}={self.value}:{self.effect}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from text."""
        return _read_by(cls.parse, handler.generate_schema(Annotated[str, pattern(TAINT_PATTERN)]))


class VnetId(Struct, frozen=True):
    """The id of a virtual network, as Azure Resource Manager spells it."""

    subscription_id: str
    resource_group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "VnetId":
        """Read a text of the form `VNET_PATTERN`.

        Raises:
            SettingRefusedError: the resource group's name has a character that is neither a letter nor a digit.
        """
        _, _, subscription, _, group, _, _, _, name = text.split("/")
        if wrong := [char for char in group if not (char.isascii() or char.isalpha() or char.isdecimal())]:
            raise SettingRefusedError(
                f"`{wrong[0]}` is neither a letter nor a digit, and no resource group's name has it",
                "write the id as `az network vnet show --query id` prints it",
            )
        return cls(subscription, group, name)

    def __str__(self) -> str:
        """The id as a string."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Network/virtualNetworks/{self.name}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from text."""
        return _read_by(cls.parse, handler.generate_schema(Annotated[str, pattern(VNET_PATTERN)]))


class Range(Section):
    """From `min` to `max`, both included."""

    min: Annotated[Whole, StandIn(1)] = Field(description="the fewest, a whole number from 0")
    # AKS allows 1,000 nodes in a pool; more replicas or proxies than that are a slip of the finger.
    max: Annotated[Positive, Field(le=1000), StandIn(1)] = Field(
        description="the most, a whole number from 1 to 1000, not below `min`"
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.min > self.max:
            raise SettingRefusedError(f"min ({self.min}) is above max ({self.max})", "write a min up to max")
        return self
