"""No option of vLLM gets around the rules: what the platform writes sets nothing that is refused or set elsewhere."""

import re
from typing import Any

import pytest
import yaml
from planning_stacks import planned

from catalog import OptionRisk
from planning.vllm.risks import canonical
from tests.vllm_option_cases import CATALOG, LAST, LAST_VALUE, SMUGGLED, VERSION, file_of, option_cases, settings_of

VLLM = CATALOG.vllm(VERSION)
# Values in which something hides, or that look like another kind of value; `make oracle-vllm` has more.
HOSTILE = (
    True, False, -1.5, "text", SMUGGLED, f'["{SMUGGLED}"]', ["text", SMUGGLED], {"auto_map": {"AutoConfig": "x.Y"}},
)  # fmt: skip


def words(file: str) -> list[str]:
    """The command line that vLLM's reader makes of a file (0.33 vllm/utils/argparse_utils.py load_config_file)."""
    found: list[str] = []
    for key, value in yaml.safe_load(file).items():
        if value is True:
            found.append(f"--{key}")
        elif isinstance(value, list) and value:
            found += [f"--{key}", *map(str, value)]
        elif value is not False and not isinstance(value, list):
            found += [f"--{key}", str(value)]
    return found


def opens(name: str, value: Any, risk: OptionRisk | None) -> bool:
    """Whether a setting with this value is refused unless it is opened."""
    off = value in (None, False, "", [], {}) and value != 0 and "." in name
    values = value if isinstance(value, list) else [value]
    exempt = risk is not None and all(item in risk.unless for item in values)
    return not off and not exempt and name not in VLLM.harmless and name not in VLLM.judged_by_key


def test_no_value_becomes_an_option_and_nothing_refused_is_written() -> None:
    usual = settings_of(file_of({}) or "")
    decided = {name.removeprefix("--") for name in (*VLLM.owned_flags, *VLLM.unreachable_flags)}
    accepted = 0
    for case in option_cases(VLLM, HOSTILE):
        file = file_of(case.args)
        if file is None:
            continue
        accepted += 1
        given = yaml.safe_load(file)
        assert given[LAST] == LAST_VALUE, case
        dashed = [word for word in words(file) if word.startswith("-") and not re.fullmatch(r"-\d+", word)]
        off = [key for key, value in given.items() if value is False or value == []]
        assert dashed == [f"--{key}" for key in given if key not in off], case
        found = settings_of(file)
        for name in decided:
            assert found.get(name) == usual.get(name), (case, name)
        for name, value in found.items():
            steps = name.split(".")
            above = {".".join(steps[: index + 1]) for index in range(len(steps))}
            assert above & (VLLM.harmless | decided) or not opens(name, value, VLLM.option_risks.get(name)), (
                case,
                name,
            )
    assert accepted > len(VLLM.flags)


def found(args: dict[str, Any], *opened: str, **more: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Findings about vLLM's options by their rules: place below the model, message and fix."""
    entries = [{"flag": flag, "reason": "a trial", **more} for flag in opened]
    changes = {"models[0].engine.args": args, "models[0].engine.unsafe": entries}
    collected: dict[str, list[tuple[str, str, str]]] = {}
    for finding in planned(changes).findings:
        if finding.rule.startswith("ENGINE-"):
            place = finding.path.removeprefix("models[0].engine.")
            collected.setdefault(finding.rule, []).append((place, finding.message, finding.fix))
    return collected


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({"no-trust-remote-code": False}, "trust-remote-code"),
        ({"disable-prompt-embeds": False}, "enable-prompt-embeds"),
        ({"disable_log_requests": False}, "enable-log-requests"),
        ({"disable-log-outputs": False}, "enable-log-outputs"),
        ({"disable-scale-out": False}, "enable-scale-out"),
        ({"no-trust-request-chat-template": False}, "trust-request-chat-template"),
        ({"no-trust-request-mm-kwargs": False}, "trust-request-mm-kwargs"),
        ({"distributed-executor-backend": "acme.Executor"}, "distributed-executor-backend"),
        ({"distributed-executor-backend": "ray"}, "distributed-executor-backend"),
        ({"allowed-local-media-path": "/"}, "allowed-local-media-path"),
        ({"compilation-config": {"inductor_passes": {"a": "acme.run"}}}, "compilation-config.inductor_passes"),
        ({"compilation-config": '{"backend": "acme.compile"}'}, "compilation-config.backend"),
        ({"kv-events-config": {"endpoint": "tcp://*:5557"}}, "kv-events-config.endpoint"),
        ({"kv-offloading-backend": "lmcache", "kv-offloading-size": 1}, "kv-offloading-backend"),
        ({"kv_events_config": {"enable-kv-cache-events": True}}, "kv-events-config.enable_kv_cache_events"),
        ({"hf-overrides": {"auto_map": {"AutoConfig": "x.Y"}}}, "hf-overrides.auto_map"),
        ({"hf-overrides": {"text_config": {"auto_map": {}}}}, "hf-overrides.text_config"),
        (
            {"structured-outputs-config": {"reasoning_parser_plugin": "/tmp/a.py"}},  # noqa: S108 - a value
            "structured-outputs-config.reasoning_parser_plugin",
        ),
        (
            {"fault-tolerance-config": {"engine_recovery_timeout_sec": 60}},
            "fault-tolerance-config.engine_recovery_timeout_sec",
        ),
        (
            {"kv-transfer-config": {"kv_connector": "MultiConnector", "kv_role": "kv_both", "kv_connector_extra_config":
             {"connectors": [{"kv_connector": "OffloadingConnector", "kv_connector_module_path": "acme"}]}}},
            "kv-transfer-config.kv_connector_extra_config.connectors.kv_connector_module_path",
        ),
        ({"speculative-config": {"method": "custom_class"}}, "speculative-config.method"),
        ({"tokenizer": "acme/tokenizer"}, "tokenizer"),
        ({"scheduler-cls": {}}, "scheduler-cls"),
        ({"logits-processors": [""]}, "logits-processors"),
        ({"generation-config": "acme/generation"}, "generation-config"),
    ],
)  # fmt: skip
def test_what_takes_effect_is_judged(args: dict[str, Any], name: str) -> None:
    refused = found(args)["ENGINE-FORBIDDEN"]
    assert [message.partition("`")[2].partition("`")[0] for _, message, _ in refused] == [name]
    assert f"engine.unsafe: [{{flag: {name}, reason: …}}]" in refused[0][2]
    opened = found(args, name)
    assert "ENGINE-FORBIDDEN" not in opened
    ((place, message, _),) = opened["ENGINE-UNSAFE"]
    assert place == "unsafe[0]"
    assert f"`{name}` is open" in message
    assert "a trial" in message


@pytest.mark.parametrize(
    "extra",
    [
        {"spec_module_path": "acme"},
        {"secondary_tiers": [{"type": "fs", "root_dir": "/x"}]},
        {"lmcache.mp.host": "tcp://192.0.2.1"},
    ],
)
def test_what_vllm_derives_is_judged_as_if_it_were_given(extra: dict[str, Any]) -> None:
    """`kv-offloading-size` makes it OffloadingConnector, with the keys that the stack gives beside it."""
    transfer = {"kv_role": "kv_both", "kv_connector_extra_config": extra}
    derived = found({"kv-offloading-size": 4, "kv-transfer-config": transfer})
    given = found({"kv-transfer-config": {"kv_connector": "OffloadingConnector", **transfer}})
    assert "ENGINE-FORBIDDEN" in derived
    assert derived == given


@pytest.mark.parametrize(
    "args",
    [
        {"kv-offloading-size": 4},
        {"trust-remote-code": False},
        {"disable-log-requests": True},
        {"distributed-executor-backend": "mp"},
        {"generation-config": "vllm"},
        {"compilation-config": {"backend": "inductor", "mode": 3}},
        {"kv-events-config": {"publisher": "null"}},
        {"hf-overrides": {"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}},
        {"allowed-media-domains": ["images.example"]},
    ],
)
def test_what_opens_nothing_is_accepted(args: dict[str, Any]) -> None:
    assert found(args) == {}


def test_an_option_that_nobody_has_looked_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VLLM.__dict__, "harmless", VLLM.harmless - {"seed", "pooler-config.dimensions"})
    assert set(VLLM.unclassified) == {"seed", "pooler-config.dimensions"}
    for args, name in (({"seed": 1}, "seed"), ({"pooler-config": {"dimensions": 1}}, "pooler-config.dimensions")):
        ((_, message, _),) = found(args)["ENGINE-FORBIDDEN"]
        assert message == f"`{name}` is refused: what it opens in vLLM {VERSION} is in no class of the catalog"


@pytest.mark.parametrize(
    ("flag", "words_of_the_finding"),
    [
        ("max-model-len", "can't be opened"),
        ("ssl-keyfile", "can't be opened"),
        ("api-key", "can't be opened"),
        ("middleware", "opens nothing"),
        ("kv-transfer-config", "opens nothing"),
        ("no-such-option", "opens nothing"),
    ],
)
def test_an_entry_opens_exactly_one_setting_that_is_given(flag: str, words_of_the_finding: str) -> None:
    args = {"kv-transfer-config": {"kv_connector": "NixlConnector", "kv_role": "kv_both"}}
    outcome = found(args, flag, "kv-transfer-config.kv_connector")
    ((place, message, _),) = outcome["ENGINE-UNSAFE-UNUSED"]
    assert place == "unsafe[0].flag"
    assert words_of_the_finding in message


def test_an_entry_may_have_any_spelling_and_is_there_once() -> None:
    assert canonical(VLLM, "no_trust_remote_code") == "trust-remote-code"
    assert canonical(VLLM, "kv_events_config.replay-endpoint") == "kv-events-config.replay_endpoint"
    outcome = found({"trust-remote-code": True}, "no-trust-remote-code", "trust_remote_code")
    assert "ENGINE-FORBIDDEN" not in outcome
    assert [place for place, _, _ in outcome["ENGINE-UNSAFE-UNUSED"]] == ["unsafe[1].flag"]


def test_a_list_for_an_option_that_takes_json_is_one_word() -> None:
    file = file_of({"allowed-origins": ["https://a.example"]}, ("allowed-origins",))
    assert yaml.safe_load(file or "")["allowed-origins"] == '["https://a.example"]'


def test_an_option_that_is_open_still_needs_a_legal_value() -> None:
    assert "ENGINE-VALUE" in found({"trust-remote-code": "yes"}, "trust-remote-code")
    assert "ENGINE-VALUE" in found({"middleware": ["a.b"]}, "middleware")
    assert "ENGINE-DASH" in found({"middleware": "--host"}, "middleware")
    assert set(found({"middleware": False})) == {"ENGINE-VALUE"}
