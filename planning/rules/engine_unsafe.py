"""Rules about what vLLM's options open, and how a stack file opens one with a reason."""

import json
import re
from collections.abc import Iterator
from typing import Any

from config.models import UnsafeOption
from config.wording import nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.options import ResolvedOption
from planning.vllm.risks import OpenSetting, canonical

_SECURITY = "vLLM docs/usage/security.md; catalog/vllm/*.classes.yaml"
_ARGS = ("engine.version", "engine.args", "engine.unsafe")
_IN_ANY = "the option's effect reaches every client of the model"
# What vLLM's command line takes for a number: a dot would make it an option with a key.
_WHOLE = re.compile(r"-\d+")


def _stated(release: ReleaseView) -> dict[str, tuple[int, UnsafeOption]]:
    """Entries of `engine.unsafe` with their places in the list, by the name of the setting; of two the first."""
    found: dict[str, tuple[int, UnsafeOption]] = {}
    for index, entry in enumerate(release.settings.engine.unsafe):
        name = canonical(release.vllm, entry.flag) if release.vllm is not None else entry.flag
        found.setdefault(name, (index, entry))
    return found


def refused_options(release: ReleaseView) -> frozenset[str]:
    """Names of the options that ENGINE-FORBIDDEN reports, without their keys."""
    stated = _stated(release)
    return frozenset(found.name.partition(".")[0] for found in release.open_settings if found.name not in stated)


def _does(release: ReleaseView, found: OpenSetting) -> str:
    version = release.vllm.version if release.vllm is not None else ""
    if found.risk is None:
        return f"what it opens in vLLM {version} is in no class of the catalog"
    return f"it {found.risk.does} ({found.risk.kind})"


@release_rule(
    "ENGINE-FORBIDDEN",
    "error",
    prevents="Clients can run code in the server or read other clients' prompts, or the server runs what nobody "
    "pinned: the option is unsafe if a server is shared.",
    source=_SECURITY,
    model=_ARGS,
)
def options_safe(_: Resolution, release: ReleaseView) -> Violations:
    """No option loads code, reads files, opens a network, holds a secret or loads an unpinned source unless stated."""
    stated = _stated(release)
    for found in release.open_settings:
        if found.name not in stated:
            pinned = found.risk.pinned_by if found.risk is not None else None
            commit = f", or add {pinned}: COMMIT beside it" if pinned is not None else ""
            yield Violation(
                found.path,
                f"`{found.name}` is refused: {_does(release, found)}",
                f"leave it out{commit}, or open it: {release.path}.engine.unsafe: [{{flag: {found.name}, reason: …}}]",
            )


@release_rule(
    "ENGINE-DASH",
    "error",
    prevents="vLLM reads the value as another option, also one that is refused here or set by the platform.",
    source="vLLM 0.33 vllm/utils/argparse_utils.py load_config_file: values become words of a command line",
    model=("engine.version",),
)
def no_options_in_values(_: Resolution, release: ReleaseView) -> Violations:
    """No value, and no item of a list, begins with a dash, unless it is a whole number."""
    options = release.options.known if release.vllm is not None else ()
    for option in options:
        for value in _words(option):
            if str(value).startswith("-") and not _WHOLE.fullmatch(str(value)):
                message = f"{json.dumps(value, default=str)} in `{option.spelled}` is an option to vLLM, not a value"
                yield Violation(option.path, message, "leave it out; options are keys of `args`, without dashes")


def _words(option: ResolvedOption) -> list[Any]:
    """What of a value begins a word of the command line: JSON begins with a brace or a bracket, a switch has none."""
    values = option.value if isinstance(option.value, list) and option.flag.nargs == "+" else [option.value]
    return [value for value in values if not isinstance(value, (dict, list, bool))]


@release_rule(
    "ENGINE-UNSAFE",
    "warning",
    prevents=f"An opening is forgotten, and its reason is gone: {_IN_ANY}.",
    source=_SECURITY,
    model=_ARGS,
)
def openings_are_known(_: Resolution, release: ReleaseView) -> Violations:
    """No option is opened with `engine.unsafe`; each that is appears in every check, with its reason."""
    for place, entry, found in _openings(release):
        message = f"`{found.name}` is open: {_does(release, found)}; the reason given: {entry.reason}"
        yield Violation(place, message, f"leave `{found.name}` and this entry out once the reason is gone")


@release_rule(
    "ENGINE-UNSAFE-PROD",
    "error",
    prevents=f"What was opened for a trial runs in production: {_IN_ANY}.",
    source=_SECURITY,
    reads=("platform.environment",),
    model=_ARGS,
)
def openings_are_accepted_in_production(stack: Resolution, release: ReleaseView) -> Violations:
    """In production, each opening states that production accepts it too."""
    if stack.settings.platform.is_production:
        for place, entry, found in _openings(release):
            if not entry.prod:
                yield Violation(
                    place,
                    f"`{found.name}` is open, and this is production: {_does(release, found)}",
                    f"leave `{found.name}` and this entry out, or add prod: true here if production accepts that",
                )


def _openings(release: ReleaseView) -> Iterator[tuple[str, UnsafeOption, OpenSetting]]:
    """Entries that open something, with their place and what they open; each once."""
    stated, seen = _stated(release), set()
    for found in release.open_settings:
        if found.name in stated and found.name not in seen:
            seen.add(found.name)
            index, entry = stated[found.name]
            yield f"{release.path}.engine.unsafe[{index}]", entry, found


@release_rule(
    "ENGINE-UNSAFE-UNUSED",
    "error",
    prevents="An entry opens an option that is added later, and nobody decides about it again.",
    source=_SECURITY,
    model=_ARGS,
)
def openings_are_used(_: Resolution, release: ReleaseView) -> Violations:
    """Each entry of `engine.unsafe` opens an option that is given and refused without it, and none is there twice."""
    if release.vllm is None:
        return
    refused, seen = {found.name for found in release.open_settings}, set()
    for index, entry in enumerate(release.settings.engine.unsafe):
        place, name = f"{release.path}.engine.unsafe[{index}].flag", canonical(release.vllm, entry.flag)
        option = f"--{name.partition('.')[0]}"
        if name in seen:
            yield Violation(place, f"`{entry.flag}` is open already", "leave one of them out")
        elif option in release.vllm.owned_flags or option in release.vllm.unreachable_flags:
            yield Violation(place, f"`{entry.flag}` can't be opened", "leave it out")
        elif name not in refused:
            message = f"`{entry.flag}` opens nothing: {release.options.path} has no option of that name that is refused"
            yield Violation(place, message, nearest(entry.flag, sorted(refused)) if refused else "leave it out")
        seen.add(name)
