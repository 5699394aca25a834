"""`fit`: exit codes, figures, all problems together, and suggestions that make the model fit."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fit_command import RunFit
from msgspec.structs import replace
from planning_stacks import CATALOG, ROOT, plan

from cli.fit_text import suggestions
from planning.__main__ import main
from planning.fit import Answer, Question, answer
from planning.rules import REGISTER
from planning.rules.page import page

KEYS = [
    "device_gib", "budget_gib", "weights_gib", "overhead_gib", "kv_cache_gib", "kv_bytes_per_token", "kv_tokens",
    "max_concurrency", "fits",
]  # fmt: skip
QWEN3_8B = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "num_hidden_layers": 36, "hidden_size": 4096,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288,
    "vocab_size": 151936, "tie_word_embeddings": False, "max_position_embeddings": 40960, "rope_scaling": None,
    "sliding_window": None, "use_sliding_window": False, "torch_dtype": "bfloat16",
}  # fmt: skip


def config_file(folder: Path, config: dict[str, Any]) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def test_a_model_that_fits(run_fit: RunFit) -> None:
    code, out, err = run_fit("--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--mig", "3g.47gb", "--json")
    figures = json.loads(out)
    assert (code, err) == (0, "")
    assert list(figures) == KEYS
    assert figures["fits"] is True
    assert figures["device_gib"] == 46.38
    assert figures["kv_bytes_per_token"] == 147456


def test_figures_are_those_of_the_plan(run_fit: RunFit) -> None:
    chat = plan({}).models[0].releases[0]
    _, out, _ = run_fit(
        "--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--mig", "3g.47gb", "--context", "32768", "--json"
    )
    figures = json.loads(out)
    assert figures == {key: getattr(chat.memory, key) for key in KEYS}


def test_a_model_that_does_not_fit_and_what_would_help(run_fit: RunFit) -> None:
    code, out, _ = run_fit("--model", "meta-llama/Llama-3.3-70B-Instruct", "--gpu", "H100-NVL-94")
    assert code == 2
    assert "does not fit: not even the weights fit" in out
    assert "--tensor-parallel 4" in out
    code, out, _ = run_fit("--model", "meta-llama/Llama-3.3-70B-Instruct", "--gpu", "H100-NVL-94", "--json")
    assert code == 2
    assert json.loads(out)["fits"] is False


@pytest.mark.parametrize("gpu", sorted(CATALOG.gpus))
@pytest.mark.parametrize("model", ["Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "meta-llama/Llama-3.3-70B-Instruct"])
def test_every_remedy_makes_the_model_fit(model: str, gpu: str) -> None:
    question = Question(model=model, gpu=gpu)
    found = answer(question, CATALOG)
    assert isinstance(found, Answer)
    suggested = list(suggestions(found))
    assert found.memory.fits == (not suggested)
    for suggestion in suggested:
        option, _, value = suggestion.partition(" ")
        for choice in value.removesuffix(" or less").split(" or "):
            changed: dict[str, Any] = {
                "--context": lambda text: {"context": int(text)},
                "--kv-cache-dtype": lambda text: {"kv_cache_dtype": text},
                "--tensor-parallel": lambda text: {"tensor_parallel": int(text)},
                "--gpu": lambda text: {"gpu": text},
            }.get(option, lambda _: {"weights_gib": 0.1})(choice)
            better = answer(replace(question, **changed), CATALOG)
            assert isinstance(better, Answer)
            assert better.memory.fits, option


def test_a_larger_slice_is_proposed_for_a_slice(run_fit: RunFit) -> None:
    code, out, _ = run_fit("--model", "Qwen/Qwen3-32B", "--gpu", "H100-NVL-94", "--mig", "3g.47gb")
    assert code == 2
    assert "--mig 7g.94gb" in out
    assert "--gpu" not in out


def test_a_given_cache_is_about_the_context_alone(run_fit: RunFit) -> None:
    common = ("--model", "meta-llama/Llama-3.1-8B-Instruct", "--gpu", "T4", "--kv-cache-gib", "2.89", "--json")
    code, out, _ = run_fit(*common, "--context", "29000")
    figures = json.loads(out)
    assert code == 0
    assert figures["fits"] is False
    assert figures["kv_tokens"] == pytest.approx(23648, rel=0.005)
    assert figures["max_concurrency"] == 0.82
    code, out, _ = run_fit(*common, "--context", "20000")
    assert (code, json.loads(out)["fits"]) == (0, True)


def test_defaults_are_those_of_vllm_and_the_model(run_fit: RunFit) -> None:
    _, plain, _ = run_fit("--model", "microsoft/phi-4", "--gpu", "H200-141", "--json")
    _, spelled, _ = run_fit(
        "--model", "microsoft/phi-4", "--gpu", "H200-141", "--context", "16384", "--gpu-memory-utilization", "0.92",
        "--kv-cache-dtype", "auto", "--tensor-parallel", "1", "--pipeline-parallel", "1", "--json",
        "--max-num-batched-tokens", "8192", "--prefix-caching", "off",
    )  # fmt: skip
    assert plain == spelled


def test_halved_bytes_and_shared_heads(run_fit: RunFit) -> None:
    base = ("--model", "Qwen/Qwen3-32B", "--gpu", "H100-NVL-94", "--json")
    plain = json.loads(run_fit(*base)[1])
    half = json.loads(run_fit(*base, "--kv-cache-dtype", "fp8")[1])
    two = json.loads(run_fit(*base, "--tensor-parallel", "2")[1])
    stages = json.loads(run_fit(*base, "--pipeline-parallel", "2")[1])
    assert half["kv_bytes_per_token"] * 2 == plain["kv_bytes_per_token"] == two["kv_bytes_per_token"] * 2
    assert stages["kv_bytes_per_token"] == two["kv_bytes_per_token"]
    assert two["weights_gib"] == pytest.approx(plain["weights_gib"] / 2, abs=0.01)


def test_all_problems_are_reported_together(run_fit: RunFit) -> None:
    code, out, err = run_fit(
        "--model", "Qwen/Qwen3-9B", "--gpu", "H100-NVL", "--kv-cache-dtype", "int3", "--gpu-memory-utilization", "92",
        "--mig", "3g.47gb", "--tensor-parallel", "2", "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 2
    assert document["fits"] is None
    assert [problem["option"] for problem in document["problems"]] == [
        "--model", "--gpu", "--mig", "--kv-cache-dtype", "--gpu-memory-utilization"
    ]  # fmt: skip
    fixes = {problem["option"]: problem["fix"] for problem in document["problems"]}
    assert "`Qwen/Qwen3-8B`" in fixes["--model"]
    assert "`H100-NVL-94`" in fixes["--gpu"]
    assert all(problem["option"] in err for problem in document["problems"])


@pytest.mark.parametrize(
    ("arguments", "option", "words"),
    [
        (("--gpu", "L40S", "--mig", "3g.47gb"), "--mig", "L40S has no MIG"),
        (("--gpu", "A100-80", "--mig", "3g.47gb"), "--mig", "did you mean `3g.40gb`"),
        (("--gpu", "A100-80", "--tensor-parallel", "3"), "--tensor-parallel", "write one of `1`, `2`, `4`, `8`, `16`"),
        (("--gpu", "A100-80", "--pipeline-parallel", "99"), "--pipeline-parallel", "36 layers"),
        (("--gpu", "A100-80", "--context", "99999"), "--context", "takes 40960"),
    ],
)
def test_a_refusal_names_the_option_and_the_fix(
    run_fit: RunFit, arguments: tuple[str, ...], option: str, words: str
) -> None:
    code, out, err = run_fit("--model", "Qwen/Qwen3-8B", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"{option}: ")
    assert words in err


def test_an_encoder_has_no_cache(run_fit: RunFit, tmp_path: Path) -> None:
    code, out, _ = run_fit("--model", "BAAI/bge-m3", "--gpu", "L4")
    assert code == 0
    assert "an encoder keeps nothing of a request" in out
    assert "blocks" not in out
    # Its published config.json: 567.75M parameters.
    config = {
        "model_type": "xlm-roberta", "num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16,
        "intermediate_size": 4096, "vocab_size": 250002, "max_position_embeddings": 8194, "type_vocab_size": 1,
        "torch_dtype": "float32",
    }  # fmt: skip
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    named, read = (
        json.loads(run_fit(*model, "--gpu", "L4", "--context", "8192", "--json")[1])
        for model in (("--model", "BAAI/bge-m3"), ("--hf-config", str(file)))
    )
    assert read["weights_gib"] == pytest.approx(567_754_752 * 2 / 1024**3, abs=0.03)
    assert read == {**named, "weights_gib": read["weights_gib"]}
    code, out, _ = run_fit("--model", "BAAI/bge-m3", "--gpu", "L4", "--gpu-memory-utilization", "0.05")
    assert code == 2
    assert "not even the weights fit" in out


@pytest.mark.parametrize(
    ("model", "gpu", "arguments", "tables"),
    [
        ("openai/gpt-oss-20b", "H100-80", (), 2),
        ("google/gemma-3-27b-it", "H200-141", (), 7),
        ("google/gemma-4-31B-it", "H200-141", (), 6),
        ("Qwen/Qwen3.6-27B", "H200-141", ("--max-num-seqs", "256"), 4),
        ("Qwen/Qwen3.6-35B-A3B-FP8", "H200-141", ("--max-num-seqs", "256"), 4),
        ("Qwen/Qwen3.5-122B-A10B-GPTQ-Int4", "H200-141", ("--max-num-seqs", "256"), 4),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "H200-141", ("--weights-gib", "60", "--context", "131072"), 4),
        ("mistralai/Mistral-Small-4-119B-2603", "H200-141", ("--context", "131072"), 1),
        ("deepseek-ai/DeepSeek-R1-0528", "H200-141", ("--tensor-parallel", "8"), 1),
        ("deepseek-ai/DeepSeek-V3.2", "H200-141", ("--tensor-parallel", "8"), 1),
    ],
)
def test_models_of_every_kind_of_attention(
    run_fit: RunFit, model: str, gpu: str, arguments: tuple[str, ...], tables: int
) -> None:
    code, out, _ = run_fit("--model", model, "--gpu", gpu, *arguments)
    assert code == 0, out
    assert (f"in {tables} tables" in out) == (tables > 1)


def test_states_need_a_block_for_every_sequence(run_fit: RunFit) -> None:
    common = ("--model", "Qwen/Qwen3.6-27B", "--gpu", "H100-NVL-94", "--context", "32768")
    code, out, _ = run_fit(*common)
    assert code == 2
    most = int(out.partition("--max-num-seqs ")[2].split()[0])
    assert run_fit(*common, "--max-num-seqs", str(most))[0] == 0
    assert run_fit(*common, "--max-num-seqs", str(most + 1))[0] == 2


def test_prefix_caching_takes_states(run_fit: RunFit) -> None:
    common = ("--model", "Qwen/Qwen3.6-27B", "--gpu", "A100-80", "--kv-cache-gib", "20", "--json")
    on, off = (json.loads(run_fit(*common, "--prefix-caching", how)[1])["max_concurrency"] for how in ("on", "off"))
    assert on < off


def test_batches_decide_the_blocks_of_sliding_windows(run_fit: RunFit) -> None:
    common = ("--model", "openai/gpt-oss-20b", "--gpu", "H100-80", "--json", "--max-num-batched-tokens")
    small, large = (json.loads(run_fit(*common, tokens)[1])["kv_tokens"] for tokens in ("1024", "16384"))
    assert small > large


def test_gpu_names_are_those_of_the_catalog(run_fit: RunFit) -> None:
    for gpu in ("L40S", "A10", "L4", "T4", *CATALOG.mig):
        assert run_fit("--model", "microsoft/phi-4", "--gpu", gpu, "--weights-gib", "1", "--json")[0] in (0, 2)
        figures = json.loads(run_fit("--model", "microsoft/phi-4", "--gpu", gpu, "--weights-gib", "1", "--json")[1])
        assert list(figures) == KEYS


def test_a_configuration_equals_the_catalog(run_fit: RunFit, tmp_path: Path) -> None:
    known = json.loads(run_fit("--model", "Qwen/Qwen3-8B", "--gpu", "H100-80", "--json")[1])
    read = json.loads(run_fit("--hf-config", config_file(tmp_path, QWEN3_8B), "--gpu", "H100-80", "--json")[1])
    assert read["kv_bytes_per_token"] == known["kv_bytes_per_token"]
    assert read["weights_gib"] == pytest.approx(known["weights_gib"], rel=0.002)
    nested = {"model_type": "wrapper", "text_config": QWEN3_8B}
    assert json.loads(run_fit("--hf-config", config_file(tmp_path, nested), "--gpu", "H100-80", "--json")[1]) == read


def test_weights_that_cannot_be_computed_must_be_given(run_fit: RunFit, tmp_path: Path) -> None:
    seeing = {"text_config": QWEN3_8B, "vision_config": {"depth": 27}}
    file = config_file(tmp_path, seeing)
    code, _, err = run_fit("--hf-config", file, "--gpu", "H100-80")
    assert code == 2
    assert "--weights-gib" in err
    assert "parts beside the language model" in err
    assert run_fit("--hf-config", file, "--gpu", "H100-80", "--weights-gib", "30")[0] == 0
    code, out, _ = run_fit("--hf-config", file, "--gpu", "H100-80", "--kv-cache-gib", "8", "--json")
    figures = json.loads(out)
    assert code == 0
    assert (figures["weights_gib"], figures["overhead_gib"]) == (None, None)
    assert figures["kv_tokens"] > 0


@pytest.mark.parametrize("content", ["", "[]", '"text"', "{"])
def test_a_file_that_is_not_a_configuration(run_fit: RunFit, tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content, encoding="utf-8")
    code, _, err = run_fit("--hf-config", str(file), "--gpu", "H100-80")
    assert code == 2
    assert err.startswith("--hf-config: ")


def test_a_missing_file(run_fit: RunFit, tmp_path: Path) -> None:
    code, _, err = run_fit("--hf-config", str(tmp_path / "none.json"), "--gpu", "H100-80")
    assert code == 2
    assert "none.json" in err


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("--gpu", "T4"), ("--model", "a"), ("--model", "a", "--hf-config", "b", "--gpu", "T4"),
        ("--model", "a", "--gpu", "T4", "--context", "0"), ("--model", "a", "--gpu", "T4", "--weights-gib", "-1"),
        ("--model", "a", "--gpu", "T4", "--kv-cache-gib", "nan"), ("--model", "a", "--gpu", "T4", "--tensor", "2"),
        ("--model", "a", "--gpu", "T4", "--prefix-caching", "maybe"),
    ],
)  # fmt: skip
def test_an_invalid_command_line(arguments: tuple[str, ...]) -> None:
    assert main(["fit", *arguments]) == 2


def test_the_module_runs_from_a_shell() -> None:
    command = [sys.executable, "-m", "planning"]
    fits = subprocess.run(
        [*command, "fit", "--model", "Qwen/Qwen3-8B", "--gpu", "H100-80"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert fits.stdout.splitlines()[-1] == "fits: a request of 40,960 tokens"
    rules = subprocess.run([*command, "rules"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert rules.stdout == page(REGISTER)
