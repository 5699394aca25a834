"""Recorded CustomResourceDefinitions, as the charts of some versions bring them.

Source: the projects themselves; in `NAME.yaml`, and in `NAME@VERSION.yaml` for another version of the chart.
"""

import functools
import re
import threading
from pathlib import Path
from typing import Final

import yaml

from simulators.api_server.client import Object

_DOCUMENT: Final = re.compile(r"^---$", re.MULTILINE)
_GROUP: Final = re.compile(r"^  group: (\S+)$", re.MULTILINE)


class ReferenceCrds:
    """Recorded CustomResourceDefinitions by API group. A document is read once, when its group is first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # By group and version; the version of a file without one is empty.
        self._texts: dict[tuple[str, str], list[str]] = {}
        self._read: dict[tuple[str, str], list[Object]] = {}
        # Charts are installed side by side: the second waits instead of reading the same files again.
        self._lock = threading.Lock()

    def of(self, group: str, version: str = "") -> list[Object]:
        """Definitions of a group as a chart of that version has them, none where no file defines the group.

        Without a file of that version they are those of the file without one.
        """
        with self._lock:
            if not self._texts:
                for file in sorted(self._directory.glob("*.yaml")):
                    for text in _DOCUMENT.split(file.read_text()):
                        if match := _GROUP.search(text):
                            self._texts.setdefault((match[1], file.stem.partition("@")[2]), []).append(text)
            newer = self._documents(group, version.removeprefix("v")) if version else []
            names = {crd["metadata"]["name"] for crd in newer}
            return [*newer, *(crd for crd in self._documents(group, "") if crd["metadata"]["name"] not in names)]

    def _documents(self, group: str, version: str) -> list[Object]:
        key = (group, version)
        if key not in self._read:
            self._read[key] = [yaml.load(text, Loader=yaml.CSafeLoader) for text in self._texts.get(key, [])]
        return self._read[key]


@functools.cache
def reference_crds(directory: Path) -> ReferenceCrds:
    """The definitions of a folder, shared by all clusters of a test run."""
    return ReferenceCrds(directory)
