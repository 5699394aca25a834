"""The catalog as a whole: every figure has an origin and a type, and loading is repeatable."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

import msgspec
import pytest
import yaml
from pydantic import ConfigDict, TypeAdapter

import catalog

ROOT = Path(catalog.__file__).parent
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.yaml"))
CATALOG = catalog.load()
# Records inside records are checked on their own; this checks only that they are of the declared type.
_RECORDS = ConfigDict(arbitrary_types_allowed=True)


def records() -> Iterator[Any]:
    for collection in (
        CATALOG.gpus,
        CATALOG.mig,
        CATALOG.vm_sizes,
        CATALOG.prices,
        CATALOG.regions,
        CATALOG.models,
        CATALOG.charts,
        CATALOG.images,
        CATALOG.fixed,
    ):
        assert collection
        yield from collection.values()
    yield CATALOG.azure
    yield CATALOG.hugging_face
    yield CATALOG.limits
    yield CATALOG.overheads
    yield CATALOG.request_path
    yield from (CATALOG.vllm(version) for version in CATALOG.vllm_versions)


def nested(record: Any) -> Iterator[Any]:
    """The record and every record inside it."""
    yield record
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        inside = value.values() if hasattr(value, "values") else value if isinstance(value, tuple) else (value,)
        for item in inside:
            if isinstance(item, msgspec.Struct):
                yield from nested(item)


@pytest.mark.parametrize("name", FILES)
def test_a_data_file_names_its_source_and_its_date(name: str) -> None:
    file = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert file["source"].strip()
    assert date.fromisoformat(file["as_of"])


def test_every_table_of_flags_has_its_facts_beside_it() -> None:
    for version in CATALOG.vllm_versions:
        facts = yaml.safe_load((ROOT / "vllm" / f"{version}.yaml").read_text(encoding="utf-8"))
        assert facts["flag_table"]["source"].strip()
        assert date.fromisoformat(facts["flag_table"]["as_of"])


def test_every_record_has_a_source_and_a_date() -> None:
    for record in records():
        assert record.source.strip(), record
        undated_price = isinstance(record, catalog.Price) and (record.older or record.spot_older)
        if not (undated_price and record.as_of == "undated"):
            assert date.fromisoformat(record.as_of), record


def test_every_field_has_the_type_that_its_record_declares() -> None:
    hints = {}
    for record in (inner for outer in records() for inner in nested(outer)):
        kind = type(record)
        if kind not in hints:
            hints[kind] = {name: TypeAdapter(hint, config=_RECORDS) for name, hint in get_type_hints(kind).items()}
        for name, adapter in hints[kind].items():
            value = getattr(record, name)
            adapter.validate_python(plain(value), strict=True)
    assert {"Gpu", "MigProfile", "VmSize", "ModelArchitecture", "Chart", "VllmFlag", "KubernetesMinor"} <= {
        k.__name__ for k in hints
    }


def plain(value: Any) -> Any:
    return {key: plain(item) for key, item in value.items()} if isinstance(value, MappingProxyType) else value


def test_no_mapping_has_the_same_key_twice() -> None:
    # YAML readers keep the last one silently.
    for name in FILES:
        node = yaml.compose((ROOT / name).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        for mapping in mappings(node):
            keys = [key.value for key, _ in mapping.value]
            assert len(keys) == len(set(keys)), (name, keys)


def mappings(node: Any) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from mappings(item)


def test_figures_are_positive() -> None:
    counted = ("_gb", "_gib", "_usd_h", "vcpu", "layers", "hidden")
    seen = 0
    for record in (inner for outer in records() for inner in nested(outer)):
        for field in msgspec.structs.fields(record):
            value = getattr(record, field.name)
            # The last row of vLLM's batch defaults is for every GPU.
            if isinstance(value, int | float) and field.name.endswith(counted) and field.name != "min_memory_gib":
                seen += 1
                assert value > 0, (record, field.name)
    assert seen > 100


def test_the_catalog_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOG.gpus["made-up"] = CATALOG.gpus["T4"]  # ty: ignore[invalid-assignment] - that it is refused is the point
    with pytest.raises(TypeError):
        CATALOG.mig["A30-24"].profiles["made-up"] = None  # ty: ignore[invalid-assignment] - as above
    with pytest.raises(AttributeError, match="immutable"):
        CATALOG.gpus["T4"].nominal_gb = 80  # ty: ignore[invalid-assignment] - as above


def test_loading_is_the_same_in_every_process_and_needs_no_pulumi() -> None:
    program = (
        "import catalog, hashlib, sys; c = catalog.load();"
        "text = repr(c) + repr([c.vllm(v) for v in c.vllm_versions]);"
        "print(hashlib.sha256(text.encode()).hexdigest(), any(m.startswith('pulumi') for m in sys.modules))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT.parent,
            env={"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert answers.pop().endswith(" False\n")


def test_load_reads_once() -> None:
    assert catalog.load() is CATALOG


def test_no_data_file_names_a_machine_path() -> None:
    for name in FILES:
        assert not re.search(r"(?<![\w./])/(work|home|tmp|root)/", (ROOT / name).read_text(encoding="utf-8")), name
