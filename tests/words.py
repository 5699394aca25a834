"""A list of words that this repository does not use, each with what the field says in its place.

`python -m tests.words` prints every use in code, comments, names, pages and YAML, and fails if there is one. It reads
line by line, so a phrase that is broken over two lines passes. Data that others wrote or a test recorded is left out.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.repository import ROOT, files

# A space stands for whatever separates words in prose and in names. A word that has a good use as well is listed as the
# phrase that has none.
WORDS: Mapping[str, str] = {
    "on file": "in the catalog",
    "riddle|riddles": "name what cannot be known, and why",
    "sound situation|sound stack|sound settings": "a stack that passed every rule",
    "remark|remarks": "note",
    "told": "`text`, `label` or `message` for a name; reported, shown or stated in prose",
    "said": "as for `told`",
    "tells|telling": "shows, states or reports",
    "told apart": "distinguished",
    "asked": "requested, required",
    "defect of ours|defect|defects": "internal error, bug",
    "legible|illegible": "recovered, valid",
    "unclear": "recovered (of a place), unknown",
    "in want": "missing",
    "is no text": "is not a string",
    "is no size": "is not a valid size, with its unit",
    "is no share": "is not between 0 and 1",
    "is no number": "is not a number",
    "is no mapping|is no list": "is not a mapping, is not a list",
    "is no yaml": "is not valid YAML",
    "ways out|ways": "remedies, fixes; options, modes",
    "seat|seats": "candidates",
    "meanwhile": "during the rollout, in the meantime; surge or max unavailable in a table",
    "day and night": "at all times",
    "finds? no place|find no place|finds? a place": "cannot be scheduled, can be scheduled",
    "place to spare|places to spare": "room for a surge pod",
    "shared out": "distributed, sharded",
    "dear": "expensive",
    "blindness|blind": "without metrics",
    "has a meaning": "is only valid with …",
    "nowhere in particular": "in no zone",
    "anew": "again",
    "of ours": "our, this program's",
    "mother|mothers|births": "source, unknowns",
    "a node has": "per node",
    "there =(?!=)|here =(?!=)": "a name that says which options or which place: `azure_opts`, `in_namespace`",
    "for one in|for other in|for them in": "a loop variable that is the noun: `pool`, `flag`, `finding`",
    "situation|situations": "resolution, stack",
    "slice maker": "mig_owner",
    "by mig": "is_mig",
    "taken by": "apply_to",
    # A release is a model's.
    "vllm releases?|vllm's releases?|releases? of vllm": "version",
    "helm releases|helm's releases?|releases? of a chart": "chart",
}  # fmt: skip
# Column headings, which are fine as words of a sentence.
HEADINGS: Mapping[str, str] = {"at once": "max concurrency", "in all": "total"}
# Uses that are somebody else's word: a part of the line, by file, with the reason.
ALLOWED: Mapping[tuple[str, str], str] = {}
# What others wrote, or a program: their words are not ours to choose.
NOT_READ = (
    "tests/engine/recordings/",  # recorded states
    "tests/graph/golden/graph/",  # compared byte by byte with the graph, whose texts have a source here
    "catalog/vllm/",  # vLLM's own option names and help
    "tests/words.py",
    "tests/unit/test_words.py",
)
_SUFFIXES = (".py", ".md", ".yaml", ".yml")


class Use(NamedTuple):
    """A word that is not used here, where it is, and what to write."""

    path: str
    line: int
    word: str
    write: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: `{self.word}` → {self.write}    {self.text.strip()}"


def _pattern(words: str) -> str:
    """Case does not matter; letters may not touch, so that `told_apart` and `_told` are found and `untold` is not."""
    return rf"(?<![A-Za-z])(?:{words.replace(' ', '[ _-]+')})(?![A-Za-z])"


_LISTED = tuple((re.compile(_pattern(words), re.IGNORECASE), write) for words, write in WORDS.items())
_HEADED = tuple(
    (re.compile(rf"""(?:["'|]\s*|\s\s)({words})(?:\s*["'|]|\s\s|$)"""), write) for words, write in HEADINGS.items()
)


def uses(path: str, lines: Iterable[str]) -> Iterator[Use]:
    """The listed words in a file's lines, and in its path (as line 0)."""
    for number, text in enumerate((path, *lines)):
        if any(part in text for (file, part) in ALLOWED if file == path):
            continue
        for pattern, write in (*_LISTED, *_HEADED):
            for match in pattern.finditer(text):
                yield Use(path, number, match[match.lastindex or 0], write, text)


def all_uses() -> Iterator[Use]:
    """The listed words in every file that is read."""
    for file in files(*_SUFFIXES):
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(NOT_READ):
            yield from uses(path, Path(file).read_text(encoding="utf-8").splitlines())


def main() -> int:
    """Print every use; the exit code is 1 if there is one."""
    found = list(all_uses())
    sys.stdout.writelines(f"{use}\n" for use in found)
    if found:
        sys.stderr.write(f"{len(found)} uses of words that are listed in tests/words.py\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
