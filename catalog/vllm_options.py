"""The content of `vllm/<version>.options.yaml`: what vLLM checks in its options after the command line is parsed.

`python -m catalog vllm` writes it where that version is installed. It reads the classes that vLLM itself checks options
against (the keys of those that take JSON, with a key's values where they are listed; the kind of number or text that an
option takes which may also be left without a value; the limits of numbers) and the registries of names that are looked
up when the server starts.
"""

import dataclasses
import os
import sys
import types
import typing
from typing import Any

import yaml

# Options that the command line takes as any mapping, and the class of vllm.config that checks them later.
_CHECKED_LATER = {"--speculative-config": "SpeculativeConfig"}


def options() -> dict[str, Any]:
    """What the installed version checks, as plain values.

    `keys`: option → key → its values, or None where it takes any; `kinds`: option → int, float or str;
    `limits`: option → ge, gt, le, lt → the number; `attention_backends`: names that `--attention-backend` takes; the
    other lists as `VllmVersion` names them, sorted.
    """
    os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
    arg_utils: Any = __import__("vllm.engine.arg_utils", fromlist=["EngineArgs"])
    config: Any = __import__("vllm.config", fromlist=["SpeculativeConfig"])
    registry: Any = __import__("vllm.v1.attention.backends.registry", fromlist=["AttentionBackendEnum"])
    keys = {name: _keys(getattr(config, kind)) for name, kind in _CHECKED_LATER.items()}
    kinds, taken = {}, set()
    for field in dataclasses.fields(arg_utils.EngineArgs):
        name, annotation = f"--{field.name.replace('_', '-')}", _evaluated(field.type, vars(arg_utils))
        taken.add(name)
        classes = _classes(annotation)
        if len(classes) == 1:
            keys[name] = _keys(classes[0])
        scalar = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(scalar) == 1 and scalar[0] in (int, float, str):
            kinds[name] = scalar[0].__name__
    return {
        "keys": keys,
        "kinds": kinds,
        "limits": {name: limits for name, limits in _limits(config).items() if name in taken},
        "attention_backends": list(registry.AttentionBackendEnum.__members__),
        **_registries(),
    }


def _registries() -> dict[str, Any]:
    """Names that vLLM looks up when the server starts: number formats, loaders and parsers."""
    cache: Any = __import__("vllm.config.cache", fromlist=["CacheDType"])
    methods: Any = __import__("vllm.model_executor.layers.quantization", fromlist=["QUANTIZATION_METHODS"])
    loaders: Any = __import__("vllm.model_executor.model_loader", fromlist=["_LOAD_FORMAT_TO_MODEL_LOADER"])
    reasoning: Any = __import__("vllm.reasoning", fromlist=["ReasoningParserManager"])
    tools: Any = __import__("vllm.tool_parsers", fromlist=["ToolParserManager"])
    lowest = {name: methods.get_quantization_config(name).get_min_capability() for name in methods.QUANTIZATION_METHODS}
    return {
        "kv_cache_dtypes": sorted(typing.get_args(cache.CacheDType)),
        "quantizations": sorted(lowest),
        "quantization_min_capability": {name: f"{value // 10}.{value % 10}" for name, value in lowest.items()},
        "load_formats": sorted(loaders._LOAD_FORMAT_TO_MODEL_LOADER),  # noqa: SLF001 - vLLM has no public list of them
        "reasoning_parsers": sorted(reasoning.ReasoningParserManager.list_registered()),
        "tool_parsers": sorted(tools.ToolParserManager.list_registered()),
    }


def _limits(config: Any) -> dict[str, dict[str, float]]:
    """Bounds of the numbers in vLLM's classes of settings; options have the names of the fields that they set."""
    found: dict[str, dict[str, float]] = {}
    for kind in vars(config).values():
        for name, field in getattr(kind, "__pydantic_fields__", {}).items():
            if name.startswith("_"):
                continue
            bounds = {
                bound: limit
                for constraint in field.metadata
                for bound in ("ge", "gt", "le", "lt")
                if (limit := getattr(constraint, bound, None)) is not None
            }
            if bounds:
                found[f"--{name.replace('_', '-')}"] = bounds
    return found


def _evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, names)  # noqa: S307 - annotations of an installed package
    except NameError:  # imported for type checkers only
        return None


def _classes(annotation: Any) -> list[Any]:
    if dataclasses.is_dataclass(annotation):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [found for part in typing.get_args(annotation) for found in _classes(part)]
    return []


def _keys(config: Any) -> dict[str, list[str] | None]:
    names = vars(sys.modules[config.__module__])
    keys = {field.name: _values(_evaluated(field.type, names)) for field in dataclasses.fields(config) if field.init}
    return dict(sorted((name, values) for name, values in keys.items() if not name.startswith("_")))


def _values(annotation: Any) -> list[str] | None:
    """The values of a Literal, with or without None among them; None where it accepts anything else too."""
    if isinstance(annotation, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        return _values(annotation.__value__)
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        texts = [part for part in parts if isinstance(part, str)]
        return texts if len(texts) == len(parts) else None
    if origin in (typing.Union, types.UnionType):
        lists = [_values(part) for part in parts if part is not type(None)]
        complete = all(values is not None for values in lists)
        return [value for values in lists for value in values or []] if complete else None
    return None


_HEADER = "# What vLLM checks in options after its command line is read; written by `python -m catalog vllm`.\n"


def dumps(content: dict[str, Any], version: str, date: str) -> str:
    """The file's text; `date` is the day on which the version was looked at, as an ISO date."""
    origin = {"source": f"the classes of settings and the registries of vLLM {version}", "as_of": date}
    return _HEADER + yaml.safe_dump(origin | content, width=110, sort_keys=True, default_flow_style=None)
