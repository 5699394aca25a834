"""The configuration of the OpenTelemetry collector for logs: what it reads, what of a line passes, where it goes.

A line of JSON keeps the fields that are on a list; of every other one nothing is known, and a list of what is forbidden
would let through what the next version of a server calls its prompts. Texts, which no list can judge, lose what looks
like a key, a prompt or an answer, and their end.
"""

from collections.abc import Iterable

from planning import yaml_text
from planning.deciding.collectors import health_check, memory_limiter, own_telemetry
from planning.plan import Json
from planning.plan.key_forms import GENERATED_LENGTH, HEX_BYTES

# Names of fields whose values are no text of a client's.
_KEPT = (
    # components/cluster/access_log.py.
    r"start|request_id|method|path|code|flags|milliseconds|client|model|input_tokens|output_tokens|answered_by",
    # vLLM (vllm/logging_utils/formatter.py, JSON_FORMAT); of an exception its type alone, made below.
    r"asctime|levelname|name|processName|process|message|exception",
    # guardrails/observed.py, guardrails/exchange.py.
    r"level|event|error|logger|policy|stage|mode|decision|findings([.][0-9]+)?|tenant|request",
    # Agent Router (log/slog) and Envoy Gateway (zap), and the names of what their controllers are busy with.
    r"time|ts|msg|caller|controller|controllerGroup|controllerKind|reconcileID|namespace|kind|runner|version",
)
_KEPT_OF_RESOURCES = (r"k8s[.](namespace|pod|container)[.]name", r"k8s[.]container[.]restart_count")
# Names before a secret's value.
_BEFORE_VALUES = "x-api-key|api-key|apikey|api_key|authorization|cookie|password|secret|token"
# What keys look like: a header's value, a token of Entra, keys of the field; and values after those names. `(?s)`: a
# text may have several lines.
_KEYS = (
    r"(?i)(bearer|basic) +[A-Za-z0-9._~+/=-]+",
    r"eyJ[A-Za-z0-9_-]{8,}[.][A-Za-z0-9_-]+([.][A-Za-z0-9_-]*)?",
    r"\b(sk|hf|ghp|xoxb)[-_][A-Za-z0-9_-]{8,}",
    # The platform's own; digests have another length.
    rf"\b([0-9a-fA-F]{{{2 * HEX_BYTES}}}|[A-Za-z0-9]{{{GENERATED_LENGTH}}})\b",
    # A value within a text of JSON that is itself quoted has no end that is sure.
    rf"(?is)({_BEFORE_VALUES})([\\'\"]*\s*[:=]\s*|[\\'\"]+\s*,\s*)b?\\+['\"].*",
    rf"(?is)({_BEFORE_VALUES})(['\"]*\s*[:=]\s*|['\"]+\s*,\s*)b?(\"([^\"\\]|\\.)*|'([^'\\]|\\.)*)['\"]?",
    r"(?i)cookie\\*['\"]*\s*[:=][^\r\n]+",
    r"(?i)authorization\\*['\"]*\s*[:=]\s*([a-z]+ +)?[^\s,'\"}]+",
    rf"(?i)({_BEFORE_VALUES})\\*['\"]*\s*[:=]\s*[^\s,'\"}}]+",
)
# What stands before a prompt or an answer: pydantic's errors, the reprs and bodies of requests. Its end is unknown, so
# everything after it goes.
_TEXTS = (
    r"(?is)(input_value|prompt|prompts|messages|content|completion|prompt_token_ids|instructions)[\\'\"]*\s*[:=].*",
    r"(?is)['\"](input|text|query|documents|arguments)\\*['\"]\s*:.*",
    r"(?is)\bmessage\s*=\s*\\*['\"].*",
    r"(?is)JSON body:.*",
    # Options of a request (vllm/sampling_params.py), with `stop` and its like as a client wrote them: they are in
    # what it says of an engine that fails (vllm/logging_utils/dump_input.py, vllm/v1/core/sched/output.py, anon_repr).
    r"(?is)\b(sampling|pooling)params\(.*",
)
# A text that no JSON is around, and so may be a part of one.
_TEXT_BYTES = 2048
# Values of JSON. Keys are looked for in more than stays, since half a key looks like none.
_VALUE_BYTES, _JUDGED_BYTES = 65_536, 131_072
# Parts of a line that is cut here are texts, of which nothing says where a prompt begins: longer than any that is
# written, also by a mistake.
_LINE, _QUEUED_LINES, _BATCH_LINES = "16MiB", 20_000, 1000
_STORAGE = "file_storage"
_FILES = "/var/log/pods"
# Conditions of statements.
_JSON, _TEXT = "where IsMap(log.body)", "where IsString(log.body)"
_TRACEBACK = 'IsString(log.body["exc_info"])'


def configuration(*, read: Iterable[str], offsets: str, endpoint: str, memory_limit_mib: int) -> str:
    """YAML of the whole configuration.

    `read` are patterns of files below /var/log/pods, `offsets` the folder in which it remembers how far it has read,
    `endpoint` the address of a server that takes OTLP over HTTP; /v1/logs is appended.

    Nothing waits in memory alone: while the server is away the queue on disk fills, then reading stops, and the files
    are the queue, as long as kubelet keeps them.
    """
    patience: Json = {"enabled": True, "max_elapsed_time": "0s"}
    settings: dict[str, Json] = {
        "extensions": {
            "health_check": health_check(),
            _STORAGE: {"directory": offsets, "create_directory": False},
        },
        "receivers": {
            "file_log": {
                "include": [f"{_FILES}/{pattern}" for pattern in read],
                "start_at": "beginning",
                "include_file_path": True,
                "include_file_name": False,
                "storage": _STORAGE,
                "retry_on_failure": patience,
                "operators": [
                    {"type": "container", "format": "containerd", "max_log_size": _LINE},
                    {
                        "type": "json_parser",
                        "if": 'body matches "^\\\\s*[{]"',
                        "parse_to": "body",
                        # What begins like JSON and is none stays a text.
                        "on_error": "send_quiet",
                    },
                ],
            }
        },
        "processors": {
            "memory_limiter": memory_limiter(memory_limit_mib),
            # A statement that fails drops what it was about.
            "transform/private": {"error_mode": "propagate", "log_statements": _private()},
        },
        "exporters": {
            "otlp_http": {
                "endpoint": endpoint,
                "compression": "gzip",
                "retry_on_failure": patience,
                "sending_queue": {
                    "enabled": True,
                    "storage": _STORAGE,
                    "block_on_overflow": True,
                    # One, so that the lines of a pod arrive in their order.
                    "num_consumers": 1,
                    "sizer": "items",
                    "queue_size": _QUEUED_LINES,
                    "batch": {"flush_timeout": "5s", "min_size": _BATCH_LINES, "max_size": 2 * _BATCH_LINES},
                },
            }
        },
        "service": {
            "extensions": ["health_check", _STORAGE],
            "telemetry": own_telemetry(),
            "pipelines": {
                "logs": {
                    "receivers": ["file_log"],
                    "processors": ["memory_limiter", "transform/private"],
                    "exporters": ["otlp_http"],
                }
            },
        },
    }
    return yaml_text.dump(settings)


def _private() -> list[Json]:
    """Statements of OTTL, in order."""
    # Lines of frames begin with blanks, and "Traceback (…" has one.
    exception = _quoted(r"(^|\n)(?P<exception>[A-Za-z_][A-Za-z0-9_.]*)(:|\n|$)")
    statements = [
        # What is nested is no field of the list under any name.
        f"flatten(log.body) {_JSON}",
        # A traceback quotes what failed: of it the first exception's type stays.
        f'merge_maps(log.body, ExtractPatterns(log.body["exc_info"], {exception}), "upsert") {_JSON} and {_TRACEBACK}',
        f"keep_matching_keys(log.body, {_quoted(_any_of(_KEPT))}) {_JSON}",
        f"truncate_all(log.body, {_JUDGED_BYTES}) {_JSON}",
    ]
    for pattern in (*_KEYS, *_TEXTS):
        statements += [
            f'replace_all_patterns(log.body, "value", {_quoted(pattern)}, "[redacted]") {_JSON}',
            f'replace_pattern(log.body, {_quoted(pattern)}, "[redacted]") {_TEXT}',
        ]
    statements += [
        f"truncate_all(log.body, {_VALUE_BYTES}) {_JSON}",
        f"set(log.body, Substring(log.body, 0, {_TEXT_BYTES}, true)) {_TEXT} and Len(log.body) > {_TEXT_BYTES}",
        'keep_matching_keys(log.attributes, "^log[.]iostream$")',
    ]
    return [
        {"statements": [f"keep_matching_keys(resource.attributes, {_quoted(_any_of(_KEPT_OF_RESOURCES))})"]},
        {"statements": list(statements)},
    ]


def _quoted(pattern: str) -> str:
    """A pattern as a text of OTTL."""
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _any_of(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(patterns)})$"
