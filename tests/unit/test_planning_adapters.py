"""Adapters are reachable or refused: every spelling of vLLM's option, the route, and names."""

import json
from typing import Any

import pytest
from planning_stacks import model, plan, planned, pool

LOCAL, REMOTE = "/home/vllm/adapters/support", "acme/support-lora"
STORED = {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"}
OPTION = "models[0].engine.args.lora-modules"


def opened(*flags: str, model: int = 0) -> dict[str, Any]:
    return {f"models[{model}].engine.unsafe": [{"flag": flag, "reason": "our own repository"} for flag in flags]}


def lora(modules: Any, spelling: str = "lora-modules") -> dict[str, Any]:
    arguments = {"models[0].engine.args.enable-lora": True, f"models[0].engine.args.{spelling}": modules}
    return {**arguments, **opened("lora-modules")}


def errors(changes: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found.rule, found.path) for found in planned(changes).findings if found.severity == "error"]


SPELLINGS = (
    lambda name, path: [f"{name}={path}"],
    lambda name, path: f"{name}={path}",
    lambda name, path: [{"name": name, "path": path}],
    lambda name, path: {"name": name, "path": path},
    lambda name, path: [{"name": name, "path": path, "base_model_name": "chat"}],
    lambda name, path: [json.dumps({"name": name, "path": path})],
    lambda name, path: json.dumps({"name": name, "path": path}),
    lambda name, path: ["", f"{name}={path}"],
)


@pytest.mark.parametrize("option", ["lora-modules", "lora_modules"])
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_an_adapter_is_a_name_of_its_models_route(spelled: Any, option: str) -> None:
    planned_model = plan(lora(spelled("support", REMOTE), option)).models[0]
    assert planned_model.route.models == ("chat", "support")


@pytest.mark.parametrize("path", [LOCAL, "~/support", "./support", "../support", "support", "a/b/c", "az://weights/x"])
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_path_that_nothing_fills_is_refused(spelled: Any, path: str) -> None:
    ((rule, place),) = errors(lora(spelled("support", path)))
    assert rule == "LORA-SOURCE"
    assert place.startswith(OPTION)


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_an_adapter_of_a_stored_model_cannot_be_downloaded(spelled: Any) -> None:
    (found,) = errors({**lora(spelled("support", REMOTE)), "models[0].source": STORED})
    assert found[0] == "LORA-SOURCE"


@pytest.mark.parametrize(
    "modules",
    [
        ["support"],
        ["support=a=b"],
        ['{"name": "support"'],
        [{"name": "support"}],
        [{"path": REMOTE}],
        [{"support": REMOTE}],
        [7],
        [f"my support={REMOTE}"],
        [f"={REMOTE}"],
        [f"{'x' * 300}={REMOTE}"],
    ],
)
def test_an_entry_that_vllm_cannot_read_is_refused(modules: list[Any]) -> None:
    assert errors(lora(modules)) == [("LORA-FORM", f"{OPTION}[0]")]


def test_more_names_than_a_route_takes_are_refused() -> None:
    assert errors(lora([f"a{index}={REMOTE}" for index in range(128)])) == [("LORA-FORM", OPTION)]
    assert errors(lora([f"a{index}={REMOTE}" for index in range(127)])) == []


def test_names_are_unique_over_models_and_adapters() -> None:
    other = {
        "pools[1]": pool("other"),
        "models[2]": model("more", "other", engine={"args": {"enable-lora": True, "lora-modules": [f"x={REMOTE}"]}}),
        **opened("lora-modules", model=2),
    }
    assert errors({**lora([f"x={REMOTE}"]), **other}) == [
        ("LORA-NAME", "models[2].engine.args.lora-modules[0]"),
    ]
    assert errors(lora([f"x={REMOTE}", f"x={REMOTE}"])) == [("LORA-NAME", f"{OPTION}[1]")]
    assert errors(lora([f"chat={REMOTE}"])) == [("LORA-NAME", f"{OPTION}[0]")]
    assert errors({**lora([f"more={REMOTE}"]), "pools[1]": pool("other"), "models[2]": model("more", "other")}) == [
        ("LORA-NAME", f"{OPTION}[0]"),
    ]


def test_adapters_by_modality_are_files_too() -> None:
    place = "models[0].engine.args.default-mm-loras"
    changes = {"models[0].engine.args.enable-lora": True, place: {"audio": LOCAL}, **opened("default-mm-loras")}
    assert errors(changes) == [("LORA-SOURCE", f"{place}.audio")]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ssl-keyfile", "/tls/tls.key"),
        ("ssl_certfile", "/tls/tls.crt"),
        ("enable-ssl-refresh", True),
        ("grpc", True),
        ("headless", True),
        ("tokens-only", True),
        ("api-server-count", 0),
        ("data-parallel-external-lb", True),
        ("node-rank", 0),
    ],
)
def test_options_that_take_the_server_away_are_refused(option: str, value: Any) -> None:
    assert errors({f"models[0].engine.args.{option}": value}) == [
        ("ENGINE-REACHABLE", f"models[0].engine.args.{option}")
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("served-model-name", ["chat", "gpt-4"]),
        ("served_model_name", "gpt-4"),
        ("host", "127.0.0.1"),
        ("port", 9000),
        ("uds", "/tmp/vllm.sock"),  # noqa: S108 - a value that is refused
        ("root-path", "/chat"),
    ],
)
def test_names_and_addresses_are_the_platforms(option: str, value: Any) -> None:
    assert errors({f"models[0].engine.args.{option}": value}) == [("ENGINE-OWNED", f"models[0].engine.args.{option}")]


@pytest.mark.parametrize(
    ("option", "value", "downloaded", "stored"),
    [
        ("chat-template", "/templates/chat.jinja", False, False),
        ("chat-template", "examples/tool_chat_template_hermes.jinja", True, True),
        ("chat-template", "{{ messages }}", True, True),
        ("tokenizer", "/models/tokenizer", False, False),
        ("tokenizer", "Qwen/Qwen3-8B", True, False),
        ("tokenizer", "az://weights/qwen3-8b", False, True),
        ("generation-config", "vllm", True, True),
        ("generation-config", "./generation", False, False),
        ("tool-parser-plugin", "/plugins/parser.py", False, False),
        ("hf-config-path", "Qwen/Qwen3-8B", True, False),
    ],
)
def test_files_and_repositories_are_within_reach_of_the_pod(
    option: str, value: str, *, downloaded: bool, stored: bool
) -> None:
    changes = {f"models[0].engine.args.{option}": value}
    if option != "chat-template" and value != "vllm":
        changes |= opened(option)
    refused = [("ENGINE-FILE", f"models[0].engine.args.{option}")]
    assert errors(changes) == ([] if downloaded else refused)
    assert errors({**changes, "models[0].source": STORED}) == ([] if stored else refused)


def test_a_draft_model_is_downloaded_only_beside_a_downloaded_model() -> None:
    draft = {"method": "eagle3", "model": "acme/eagle3-qwen3-8b", "num_speculative_tokens": 2}
    changes = {"models[0].engine.args.speculative-config": {**draft, "revision": "0" * 40}}
    assert errors(changes) == []
    assert errors({"models[0].engine.args.speculative-config": {**draft, "revision": "main"}}) == [
        ("ENGINE-FORBIDDEN", "models[0].engine.args.speculative-config.model")
    ]
    place = "models[0].engine.args.speculative-config.model"
    assert errors({**changes, "models[0].source": STORED}) == [("ENGINE-FILE", place)]
