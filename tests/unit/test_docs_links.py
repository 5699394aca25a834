"""Every relative link in a page leads to an existing file, and to an existing heading where it names one."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.repository import ROOT, files

_LINK = re.compile(r"\]\(([^()\s]+)\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
# A folder with one more name below it; a single name may be an option or a command.
_REPOSITORY_PATH = re.compile(r"[a-z_]+/[\w./-]*")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def links(text: str) -> Iterator[str]:
    """Targets of the links in a page, those to other sites and those in code left out."""
    prose = _INLINE_CODE.sub("", _FENCED.sub("", text))
    for target in (*_LINK.findall(prose), *_REFERENCE.findall(prose)):
        if not _ELSEWHERE.match(target) and not target.startswith("//"):
            yield target


def anchors(text: str) -> set[str]:
    """The fragments that GitHub gives to a page's headings."""
    found: dict[str, int] = {}
    made: set[str] = set()
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        made.add(slug if slug not in found else f"{slug}-{found[slug]}")
        found[slug] = found.get(slug, 0) + 1
    return made


@cache
def anchors_of(file: Path) -> set[str]:
    return anchors(file.read_text(encoding="utf-8"))


def broken(page: Path) -> list[str]:
    """The broken links of a page."""
    wrong: list[str] = []
    for target in links(page.read_text(encoding="utf-8")):
        path, _, fragment = unquote(target).partition("#")
        file = page if not path else (page.parent / path).resolve()
        if not file.exists() or not file.is_relative_to(ROOT):
            wrong.append(f"{target}: no such file in the repository")
        elif fragment and file.suffix == ".md" and fragment not in anchors_of(file):
            wrong.append(f"{target}: no such heading")
    return wrong


@pytest.mark.parametrize("page", list(files(".md")), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_broken(page: Path) -> None:
    assert broken(page) == []


def test_files_that_contributing_names_exist() -> None:
    code = _INLINE_CODE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    paths = {text.strip("`") for text in code if _REPOSITORY_PATH.fullmatch(text.strip("`"))}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert paths


def test_links_in_code_and_to_other_sites_are_left_out() -> None:
    text = "[a](b.md#c) `[d](e.md)` [f](https://example.org/g)\n```\n[h](i.md)\n```\n[![j](k.svg)](l.md)\n[m]: n.md\n"
    assert sorted(links(text)) == ["b.md#c", "k.svg", "l.md", "n.md"]


def test_anchors_equal_those_of_github() -> None:
    text = "# Who may reach what\n## `pool: auto`, and [why](x.md)\n## Twice\n## Twice\n```\n# no heading\n```\n"
    assert anchors(text) == {"who-may-reach-what", "pool-auto-and-why", "twice", "twice-1"}
