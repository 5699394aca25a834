"""What of a log's line passes, by the patterns and sizes of the collector's configuration.

That the real collector understands them is for `make oracles PART=log_collector`; here each word of them has a line.
"""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from planning.deciding.log_filter import configuration
from planning.plan.key_forms import GENERATED_LENGTH, HEX_BYTES

REDACTED = "[redacted]"


@cache
def settings() -> Any:
    return yaml.safe_load(
        configuration(
            read=("llm_*/*/*.log",), offsets="/var/lib/x", endpoint="http://logs:3100/otlp", memory_limit_mib=384
        )
    )


def statements() -> list[str]:
    _, of_lines = settings()["processors"]["transform/private"]["log_statements"]
    return of_lines["statements"]


def unquoted(statement: str) -> str:
    """The pattern of a statement."""
    texts = re.findall(r'"((?:[^"\\]|\\.)*)"', statement)
    (pattern,) = [text for text in texts if text not in ("value", REDACTED, "upsert", "exc_info")]
    return pattern.replace('\\"', '"').replace("\\\\", "\\")


def kept() -> re.Pattern[str]:
    (found,) = [line for line in statements() if line.startswith("keep_matching_keys(log.body")]
    return re.compile(unquoted(found))


def redacted(text: str) -> str:
    for line in statements():
        if line.startswith("replace_pattern(log.body"):
            text = re.sub(unquoted(line), REDACTED, text)
    return text


@pytest.mark.parametrize(
    "field",
    [
        "start", "request_id", "method", "path", "code", "flags", "milliseconds", "client", "model", "input_tokens",
        "output_tokens", "answered_by", "asctime", "levelname", "name", "processName", "process", "message",
        "exception", "level", "event", "error", "logger", "policy", "stage", "mode", "decision", "findings",
        "findings.0", "findings.12", "tenant", "request", "time", "ts", "msg", "caller", "controller",
        "controllerGroup", "controllerKind", "reconcileID", "namespace", "kind", "runner", "version",
    ],
)  # fmt: skip
def test_a_field_of_the_list_is_kept(field: str) -> None:
    """Without the request's id, the tenant or the error nobody finds out what happened to a request."""
    assert kept().fullmatch(field)


@pytest.mark.parametrize(
    "field",
    ["prompt", "messages", "exc_info", "request.body", "findings.", "findings.x", "xstart", "startx", "body", ""],
)
def test_no_other_field_is_kept(field: str) -> None:
    assert not kept().fullmatch(field)


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer abc.DEF-1_2~3+4/5=", "bearer x", "basic dXNlcjpw",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJhbGciOiJSUzI1.eyJzdWIi", "eyJhbGciOiJSUzI1.eyJzdWIi.",
        "sk-abcdefgh", "hf_abcdefgh", "ghp_abcdefgh", "xoxb-abcdefgh",
        "a1" * HEX_BYTES, "A1" * HEX_BYTES, "k" * GENERATED_LENGTH,
    ],
)  # fmt: skip
def test_what_looks_like_a_key_goes(secret: str) -> None:
    assert redacted(f"before {secret} after") == f"before {REDACTED} after"


@pytest.mark.parametrize(
    "name", ["x-api-key", "api-key", "apikey", "api_key", "authorization", "cookie", "password", "secret", "token"]
)
@pytest.mark.parametrize(
    "value", ["{}: value", "{}=value", "{} : 'value'", '"{}": "value"', "('{}', 'value')", "{}:b'value'"]
)
def test_a_value_after_the_name_of_a_secret_goes(name: str, value: str) -> None:
    line = redacted("before " + value.format(name))
    assert "value" not in line
    assert line.startswith("before ")
    assert "value" not in redacted(value.format(name.upper()))


@pytest.mark.parametrize("name", ["authorization", "cookie"])
def test_the_value_of_a_header_goes_with_the_word_before_it(name: str) -> None:
    assert "abc" not in redacted(f"{name}: Digest abc")


def test_a_value_in_a_text_that_is_quoted_twice_goes_with_all_after_it() -> None:
    assert redacted("""before {"body": "{\\"password\\": \\"a b\\", ..."}""").endswith(REDACTED)
    assert "a b" not in redacted("""before "{'token': \\'a b\\'}" """)


@pytest.mark.parametrize(
    "name",
    ["input_value", "prompt", "prompts", "messages", "content", "completion", "prompt_token_ids", "instructions"],
)
@pytest.mark.parametrize("between", ["={}", ": {}", "': {}", '\\": {}', " = {}"])
def test_a_prompt_goes_with_all_after_its_name(name: str, between: str) -> None:
    assert redacted("before " + name + between.format("what I ask\nand more")) == f"before {REDACTED}"


@pytest.mark.parametrize("name", ["input", "text", "query", "documents", "arguments"])
def test_a_prompt_of_another_name_goes_where_the_name_is_quoted(name: str) -> None:
    assert redacted(f"before '{name}': what I ask\nand more") == f"before {REDACTED}"
    assert redacted(f'before "{name}" : what I ask') == f"before {REDACTED}"
    assert redacted(f"the {name} of it") == f"the {name} of it"


@pytest.mark.parametrize("name", ["SamplingParams", "PoolingParams"])
def test_options_of_a_request_go_with_all_after_them(name: str) -> None:
    assert redacted(f"before {name}(n=1, stop=['what I say\n']) and more") == f"before {REDACTED}"
    assert redacted(f"{name} are checked") == f"{name} are checked"


def test_a_message_in_quotes_and_a_body_go() -> None:
    assert redacted("before message='what I ask'\nand more") == f"before {REDACTED}"
    assert redacted("before JSON body: what I ask\nand more") == f"before {REDACTED}"


@pytest.mark.parametrize(
    "line", ["GET /health 200", "Loading weights took 12.5 seconds", "sha256:" + "a" * 60, "sk-short", "task"]
)
def test_an_ordinary_line_stays(line: str) -> None:
    assert redacted(line) == line


def test_statements_come_in_an_order_that_hides_nothing() -> None:
    """What is nested is judged, keys are looked for in more than stays, and only then is a value cut."""
    lines = statements()
    order = [line.partition("(")[0] for line in lines]
    assert order[:4] == ["flatten", "merge_maps", "keep_matching_keys", "truncate_all"]
    assert order[-3:] == ["truncate_all", "set", "keep_matching_keys"]
    assert set(order[4:-3]) == {"replace_all_patterns", "replace_pattern"}
    assert lines[3] == "truncate_all(log.body, 131072) where IsMap(log.body)"
    assert lines[-3] == "truncate_all(log.body, 65536) where IsMap(log.body)"
    assert (
        lines[-2]
        == "set(log.body, Substring(log.body, 0, 2048, true)) where IsString(log.body) and Len(log.body) > 2048"
    )
    assert lines[-1] == 'keep_matching_keys(log.attributes, "^log[.]iostream$")'


def test_each_pattern_is_about_fields_and_about_texts() -> None:
    lines = statements()[4:-3]
    for of_fields, of_text in zip(lines[::2], lines[1::2], strict=True):
        assert of_fields.startswith('replace_all_patterns(log.body, "value", ')
        assert of_fields.endswith(f', "{REDACTED}") where IsMap(log.body)')
        assert of_text.startswith("replace_pattern(log.body, ")
        assert of_text.endswith(f', "{REDACTED}") where IsString(log.body)')
        assert unquoted(of_fields) == unquoted(of_text)


def test_of_an_exception_the_first_type_stays() -> None:
    merged = statements()[1]
    pattern = re.compile(unquoted(merged))
    found = pattern.search('Traceback (most recent call last):\n  File "x.py", line 1\nmodule.ValueError: what I ask')
    assert found
    assert found["exception"] == "module.ValueError"
    assert 'IsString(log.body["exc_info"])' in merged
    assert "upsert" in merged


def test_of_whose_line_it_is_namespace_pod_container_and_restarts_are_kept() -> None:
    first, _ = settings()["processors"]["transform/private"]["log_statements"]
    (line,) = first["statements"]
    of_resources = re.compile(unquoted(line))
    for name in ("namespace.name", "pod.name", "container.name", "container.restart_count"):
        assert of_resources.fullmatch(f"k8s.{name}")
    for name in ("k8s.pod.uid", "k8s.node.name", "k8sxpod.name", "log.file.path"):
        assert not of_resources.fullmatch(name)


def test_lines_go_in_requests_of_bounded_size_and_wait_on_the_disk() -> None:
    """Loki refuses requests that are too large; twenty of them wait before reading stops."""
    exporter = settings()["exporters"]["otlp_http"]
    assert exporter["compression"] == "gzip"
    assert exporter["endpoint"] == "http://logs:3100/otlp"
    assert exporter["sending_queue"] == {
        "enabled": True, "storage": "file_storage", "block_on_overflow": True, "num_consumers": 1, "sizer": "items",
        "queue_size": 20_000, "batch": {"flush_timeout": "5s", "min_size": 1000, "max_size": 2000},
    }  # fmt: skip


def test_files_are_read_whole_and_from_where_reading_ended() -> None:
    assert settings()["receivers"] == {
        "file_log": {
            "include": ["/var/log/pods/llm_*/*/*.log"],
            "start_at": "beginning",
            "include_file_path": True,
            "include_file_name": False,
            "storage": "file_storage",
            "retry_on_failure": {"enabled": True, "max_elapsed_time": "0s"},
            "operators": [
                {"type": "container", "format": "containerd", "max_log_size": "16MiB"},
                {
                    "type": "json_parser",
                    "if": 'body matches "^\\\\s*[{]"',
                    "parse_to": "body",
                    "on_error": "send_quiet",
                },
            ],
        }
    }
    assert settings()["extensions"]["file_storage"] == {"directory": "/var/lib/x", "create_directory": False}


def test_every_line_passes_the_filter_and_a_filter_that_fails_lets_nothing_through() -> None:
    found = settings()
    assert found["service"]["pipelines"] == {
        "logs": {
            "receivers": ["file_log"],
            "processors": ["memory_limiter", "transform/private"],
            "exporters": ["otlp_http"],
        }
    }
    assert found["service"]["extensions"] == ["health_check", "file_storage"]
    assert found["processors"]["transform/private"]["error_mode"] == "propagate"
