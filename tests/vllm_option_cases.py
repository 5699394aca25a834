"""Each option of vLLM in each spelling with values of each kind, and the file that the platform makes of it.

For the tests that no option gets around the rules: with vLLM's own parser (tests/contract), and without (tests/unit).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

import catalog
import config
from catalog import VllmVersion
from config.models import UnsafeOption
from config.stackfile import parse
from planning.deciding.arguments import command_line
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules import REGISTER
from planning.rules.register import ReleaseRule
from planning.vllm.options import json_value, resolve_options

ROOT = Path(__file__).parents[1]
CATALOG = catalog.load()
VERSION = "0.33.0"
SMUGGLED = "--trust-remote-code"
# Behind every other option, to see whether its name is taken for something else.
LAST, LAST_VALUE = "watermark", 0.25
# What a value may be in a stack file: switches, numbers, text, lists and mappings, each also as one tries to hide an
# option in it.
VALUES: tuple[Any, ...] = (
    True, False, 0, 1, -1, 4096, 1.5, -1.5, -1e-07, "", "text", "true", "false", "None", "4K", "-1", "-1.5", "-",
    "--", SMUGGLED, f"{SMUGGLED}=true", "--max-model-len=9", "-q", "-O3", "--compilation-config.mode", " --host",
    f"text\n{SMUGGLED}", "{}", "[]", '{"a": 1}', f'["{SMUGGLED}"]', "'", '"', "# text", "auto", "mp", "vllm",
    [], ["text"], ["text", SMUGGLED], ["text", "--max-model-len", "9"], ["-1", -1], [-1.5], [1, 2], [["text"]],
    [{"name": "a", "path": "b/c"}], [True, None], {}, {"a": "text"}, {SMUGGLED: True},
    {"auto_map": {"AutoConfig": "x.Y"}},
)  # fmt: skip


@dataclass(frozen=True)
class OptionCase:
    """Options of one model as its stack file has them."""

    args: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.args)


def option_cases(vllm: VllmVersion, values: Sequence[Any] = VALUES) -> Iterator[OptionCase]:
    """Every option in every spelling with every value, with every known key of those that take mappings."""
    for spelled in vllm.spellings:
        option = spelled.removeprefix("--")
        for value in values:
            yield OptionCase({option: value, LAST: LAST_VALUE})
        for value in (True, False, SMUGGLED, "text"):
            yield OptionCase({option.replace("-", "_"): value, LAST: LAST_VALUE})
    for name in sorted({*vllm.harmless, *vllm.option_risks, *vllm.judged_by_key}):
        option, _, key = name.partition(".")
        for value in ("text", True, 1, {"text": "text"}, ["text"]) if key else ():
            content: Any = value
            for step in reversed(key.split(".")):
                content = {step: content}
            yield OptionCase({option: content, LAST: LAST_VALUE})


def settings_of(file: str) -> dict[str, Any]:
    """Settings of vLLM in a file, by the option's name and its keys after dots, less switches that are off."""
    found: dict[str, Any] = {}
    for spelled, value in yaml.safe_load(file).items():
        flag = CATALOG.vllm(VERSION).spellings[f"--{spelled}"]
        if spelled == flag.name.removeprefix("--") or value is not True:
            _collect(found, flag.name.removeprefix("--"), json_value(value))
    return found


def _collect(found: dict[str, Any], name: str, value: Any) -> None:
    found[name] = value
    for item in value if isinstance(value, list) else [value]:
        for key, content in item.items() if isinstance(item, Mapping) else ():
            _collect(found, f"{name}.{key}", content)


@cache
def _first_release() -> tuple[Resolution, ReleaseView]:
    loaded = config.load(parse((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")).sections)
    assert loaded.settings is not None
    stack = Resolution(loaded.settings, CATALOG)
    return stack, stack.releases[0]


# Those that refuse most come first.
_RULES = [
    rule
    for name, rule in sorted(REGISTER.items(), key=lambda entry: entry[0] not in {"ENGINE-VALUE", "ENGINE-FORBIDDEN"})
    if isinstance(rule, ReleaseRule) and rule.severity == "error" and name.startswith(("ENGINE-", "LORA-"))
]


def file_of(args: dict[str, Any], unsafe: tuple[str, ...] = ()) -> str | None:
    """What `vllm serve --config` reads with these options for the development stack's first model.

    None where a rule about options refuses them. `unsafe` are the options that the stack file opens.
    """
    stack, first = _first_release()
    opened = tuple(UnsafeOption(flag=flag, reason="a test") for flag in unsafe)
    engine = first.settings.engine.model_copy(update={"args": args, "unsafe": opened})
    release = replace(
        first,
        settings=first.settings.model_copy(update={"engine": engine}),
        options=resolve_options(CATALOG.vllm(VERSION), args, first.options.path),
    )
    if any(True for rule in _RULES for _ in rule.check(stack, release)):
        return None
    return command_line(release).file
