"""The file of a stack, its text, and the findings about files that can't be read or written."""

import re
from pathlib import Path

from config import Finding
from preview.findings import SourceFile
from preview.stack import PROJECT
from reading.texts import STACK_FILE_BYTES, FileRefusedError, text_of

# What Pulumi accepts as the name of a stack; it becomes part of a file's name and of every URN.
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def read_stack(stack: str, file: str | None, folder: Path = PROJECT) -> SourceFile | Finding:
    """A stack's file, `Pulumi.STACK.yaml` in `folder` unless `file` names another; or why it can't be read."""
    if (misnamed := name_problem(stack)) is not None:
        return misnamed
    path = Path(file) if file else folder / f"Pulumi.{stack}.yaml"
    shown = file or path.name
    try:
        return SourceFile(shown, text_of(path, STACK_FILE_BYTES, opened=file is not None))
    except FileRefusedError as error:
        return file_problem(shown, str(error), fix=_stacks_in(folder))


def folder_of(file: str | None, folder: Path = PROJECT) -> Path:
    """The path of a stack's file; the files that it names are relative to its folder."""
    return Path(file).resolve().parent if file else folder


def name_problem(stack: str) -> Finding | None:
    """Why this can't be the name of a stack; None if it can."""
    if _STACK_NAME.fullmatch(stack):
        return None
    return Finding(
        "error", "CFG-STACK-NAME", stack, f"{stack!r} is not the name of a stack",
        "use letters, digits, `-`, `_` and `.`, 100 at most; for a stack file elsewhere add --config FILE",
    )  # fmt: skip


def file_problem(shown: str, message: str, fix: str = "give the path of a file that can be written") -> Finding:
    """A file given on the command line that can't be read or written."""
    return Finding("error", "PREVIEW-FILE", shown, message, fix)


def reason(error: OSError) -> str:
    """Why a file can't be written, in words that continue a sentence."""
    return (error.strerror or str(error)).lower()


def _stacks_in(folder: Path) -> str:
    names = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in folder.glob("Pulumi.*.yaml"))
    return f"stacks in this project: {', '.join(names) or 'none'}; for a file elsewhere add --config FILE"
