"""The ids of Azure resources, made of the inputs by which Pulumi names them."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from catalog.data_files import read_yaml
from catalog.decoding import Record, decode

_FILE = Path(__file__).with_name("azure_ids.yaml")
_IN_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}/providers/"


class AzureIds(Record, frozen=True):
    """Templates of ids by `module:Type`; fields in braces are Pulumi inputs, or `subscription`."""

    source: str
    as_of: str
    ids: Mapping[str, str]

    def id_of(self, token: str, inputs: Mapping[str, object], subscription: str) -> str | None:
        """The id of a resource; None where the type is not listed or an input that names it is not known."""
        template = self.ids.get(token)
        if template is None:
            return None
        template = template if template.startswith(("/", "{")) else _IN_GROUP + template
        values = {**inputs, "subscription": subscription}
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        if not all(isinstance(values.get(name), str) and values[name] for name in names):
            return None
        return template.format_map(values)


@cache
def azure_ids() -> AzureIds:
    """The templates of the catalog."""
    return decode(AzureIds, read_yaml(_FILE), _FILE.name)
