"""The vLLM versions: their flags, what was removed, and the generator of the flag tables."""

import argparse
import json
import os
import re
from pathlib import Path

import pytest

import catalog
from catalog import vllm_flags

REFERENCE = Path(os.environ.get("REFERENCE_DIR", Path(catalog.__file__).parents[1] / ".." / "shared"))
CATALOG = catalog.load()
VLLM = CATALOG.vllm("0.33.0")
SPELLINGS = {spelling for flag in VLLM.flags.values() for spelling in flag.opts}
TABLE = Path(catalog.__file__).parent / "vllm" / "0.33.0.json"


def test_an_unknown_version_is_a_key_error() -> None:
    assert "0.33.0" in CATALOG.vllm_versions
    with pytest.raises(KeyError, match=r"0\.1\.0"):
        CATALOG.vllm("0.1.0")


def test_every_spelling_belongs_to_one_flag() -> None:
    assert len(SPELLINGS) == sum(len(flag.opts) for flag in VLLM.flags.values())
    assert all(name in flag.opts for name, flag in VLLM.flags.items())


def test_flags_that_the_platform_sets_are_known() -> None:
    assert VLLM.flags["--gpu-memory-utilization"].default == VLLM.gpu_memory_utilization == 0.92
    assert VLLM.flags["--max-model-len"].type == "int-suffix-or-auto"
    assert VLLM.flags["--max-num-batched-tokens"].type == "int-suffix"
    assert VLLM.flags["--enable-prefix-caching"].opts == ("--enable-prefix-caching", "--disable-prefix-caching")
    assert VLLM.flags["--enable-prefix-caching"].nargs == 0
    assert VLLM.flags["--compilation-config"].type == "json"
    assert VLLM.flags["--max-lora-rank"].choices is None or 16 in map(int, VLLM.flags["--max-lora-rank"].choices)
    assert VLLM.flags["--runner"].choices == ("auto", "draft", "generate", "pooling")


def test_removed_flags_are_gone_and_their_successors_exist() -> None:
    assert not SPELLINGS & set(VLLM.removed)
    assert VLLM.removed["--swap-space"].gone_by == "0.20"
    assert "--runner" in (VLLM.removed["--task"].use_instead or "")
    for removed in VLLM.removed.values():
        successors = re.findall(r"--[a-z-]+", removed.use_instead or "")
        assert set(successors) <= SPELLINGS, removed
        assert removed.use_instead is None or successors, removed


@pytest.mark.parametrize("version", CATALOG.vllm_versions)
def test_every_option_and_every_key_has_one_class(version: str) -> None:
    record = CATALOG.vllm(version)
    assert record.unclassified == ()
    assert not record.harmless & set(record.option_risks)
    # An option whose keys are judged has no class of its own.
    assert not record.judged_by_key & (record.harmless | set(record.option_risks))
    assert len(record.safe_options) == len(set(record.safe_options))
    options = {name.removeprefix("--") for name in record.flags}
    named = {name.partition(".")[0] for name in (*record.harmless, *record.judged_by_key, *record.option_risks)}
    assert named == options


@pytest.mark.parametrize("version", CATALOG.vllm_versions)
def test_a_class_names_only_keys_and_values_that_exist(version: str) -> None:
    record = CATALOG.vllm(version)
    for name in (*record.harmless, *record.option_risks):
        option, _, key = name.partition(".")
        known = record.option_keys.get(f"--{option}")
        assert not key or known is None or key.partition(".")[0] in known, name
    for name, risk in record.option_risks.items():
        option, _, key = name.partition(".")
        values = record.option_keys.get(f"--{option}", {}).get(key) if key else record.flags[f"--{option}"].choices
        assert values is None or set(risk.unless) < set(values), name
        assert risk.pinned_by is None or f"{option}.{risk.pinned_by}" in record.harmless


def test_what_the_threat_reading_found_open_has_a_class_that_refuses_it() -> None:
    kinds = {name: risk.kind for name, risk in VLLM.option_risks.items()}
    code = (
        "trust-remote-code middleware tool-parser-plugin reasoning-parser-plugin worker-cls worker-extension-cls "
        "scheduler-cls logits-processors io-processor-plugin distributed-executor-backend model-class-overrides "
        "kv-transfer-config.kv_connector_module_path ec-transfer-config.ec_connector_module_path "
        "compilation-config.backend compilation-config.inductor_passes hf-overrides.auto_map"
    )
    network = "enable-tokenizer-info-endpoint profiler-config otlp-traces-endpoint kv-events-config.endpoint"
    unpinned = "tokenizer hf-config-path generation-config lora-modules spec-model"
    assert {kinds[name] for name in code.split()} == {"loads code"}
    assert {kinds[name] for name in network.split()} == {"opens network"}
    assert {kinds[name] for name in unpinned.split()} == {"unpinned source"}
    assert kinds["allowed-local-media-path"] == kinds["ssl-keyfile"] == "reads files"
    assert kinds["api-key"] == kinds["enable-log-requests"] == "secret"


def test_batch_defaults_fall_and_end_with_a_row_for_every_gpu() -> None:
    rows = VLLM.batch_defaults
    assert [row.min_memory_gib for row in rows] == sorted((row.min_memory_gib for row in rows), reverse=True)
    assert (rows[-1].min_memory_gib, rows[-1].excluded_name_parts) == (0, ())
    assert [(row.max_num_batched_tokens, row.max_num_seqs) for row in rows] == [
        (16384, 1024),
        (8192, 1024),
        (2048, 256),
    ]
    assert "a100" in rows[1].excluded_name_parts


def test_value_lists_have_no_duplicates_and_contain_the_defaults() -> None:
    for values in (
        VLLM.kv_cache_dtypes,
        VLLM.quantizations,
        VLLM.load_formats,
        VLLM.tool_parsers,
        VLLM.reasoning_parsers,
    ):
        assert len(values) == len(set(values))
    assert VLLM.flags["--kv-cache-dtype"].default in VLLM.kv_cache_dtypes
    assert VLLM.flags["--load-format"].default in VLLM.load_formats
    assert set(VLLM.quantization_min_capability) == set(VLLM.quantizations)


@pytest.mark.parametrize("version", CATALOG.vllm_versions)
def test_the_lists_of_a_record_name_existing_options(version: str) -> None:
    record = CATALOG.vllm(version)
    options = {spelling.removeprefix("--") for spelling in record.spellings}
    assert set(record.owned_flags) <= set(record.flags)
    assert {*record.unreachable_flags, *record.local_flags, *record.repository_flags} <= set(record.flags)
    assert not set(record.unreachable_flags) & set(record.owned_flags)
    assert set(record.lora_options) <= options
    assert {*record.required_options, *record.required_options.values()} <= options
    for same in record.key_options:
        assert same.option in options
        assert same.key in record.option_keys[f"--{same.mapping}"]
    methods = record.option_keys["--speculative-config"]["method"]
    assert methods is None or {*record.speculation.without_layers, *record.speculation.one_layer} <= set(methods)
    assert {method for methods in record.checkpoint_loaders.values() for method in methods} <= set(record.quantizations)
    assert set(record.checkpoint_quantizations) <= set(record.quantizations)
    assert set(record.kv_cache_bytes) <= set(record.kv_cache_dtypes)
    assert all(
        any(name.startswith(part) for name in record.attention_backends) for part in record.other_vendor_backends
    )


def test_a_version_names_an_image_of_its_own_version() -> None:
    for version in CATALOG.vllm_versions:
        record = CATALOG.vllm(version)
        assert record.version == version
        assert CATALOG.images[record.image].tag == f"v{version}"


def test_the_generator_reads_a_parser() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("model", nargs="?")
    parser.add_argument("-tp", "--tensor-size", type=int, default=1)
    parser.add_argument("--mode", choices=["b", "a"], default="a")
    parser.add_argument("--eager", action="store_true")
    parser.add_argument("--params", nargs="+", default=set())
    parser.add_argument("--config", type=json.loads, default=argparse.Namespace(size=1))
    table = vllm_flags.compact(vllm_flags.read_options(parser))
    assert list(table) == ["--config", "--eager", "--mode", "--params", "--tensor-size"]
    assert table["--tensor-size"] == {
        "opts": ["-tp", "--tensor-size"],
        "type": "int",
        "choices": None,
        "nargs": None,
        "action": "StoreAction",
        "default": 1,
        "deprecated": False,
    }
    assert table["--mode"]["choices"] == ["b", "a"]
    assert (table["--eager"]["nargs"], table["--eager"]["default"]) == (0, False)
    assert "default" not in table["--params"]
    assert (table["--config"]["type"], "default" in table["--config"]) == ("json", False)
    assert json.loads(vllm_flags.dumps(table)) == table


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference data at {REFERENCE}")
def test_the_flag_table_equals_the_reference() -> None:
    reference = REFERENCE / "facts" / "data" / "vllm_flags_0.33.json"
    full = json.loads(reference.read_text(encoding="utf-8"))
    assert len(VLLM.flags) == len(full) == 321
    for name, flag in VLLM.flags.items():
        record = full[name]
        assert list(flag.opts) == record["opts"]
        assert flag.nargs == record["nargs"]
        assert flag.choices == (None if record["choices"] is None else tuple(record["choices"]))
        assert flag.action == record["action"].lstrip("_")
        assert flag.deprecated == record["deprecated"]
    assert vllm_flags.dumps(vllm_flags.compact(full)) == TABLE.read_text(encoding="utf-8")
