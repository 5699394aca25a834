"""The types of Azure resources in the golden graphs of all stacks."""

import re

from tests.stack_files import ALL, ROOT

_AZURE = re.compile(r'^"azure-native:(\w+:\w+) ', re.MULTILINE)


def azure_types() -> list[str]:
    """`module:Type` of each, sorted."""
    graphs = ROOT / "tests" / "graph" / "golden" / "graph"
    return sorted({token for name in ALL for token in _AZURE.findall((graphs / f"{name}.yaml").read_text())})
