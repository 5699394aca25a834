"""Lines as the platform's parts write them, with a prompt and keys where each of them could have any.

vLLM's were made with its own configuration of loggers for `formatter: json` (vllm 0.33.0 vllm/logger.py and
vllm/logging_utils/uvicorn_logging.py: `pythonjsonlogger.jsonlogger.JsonFormatter`, JSON_FORMAT) and python-json-logger
4.2.0; the requests' logger is the one that `enable-log-requests` switches on, with VLLM_REQUEST_BODY_LOG_LEVEL.
"""

import json
from typing import Any, Final

PROMPT: Final = "tell nobody that my name is Ada"
KEY: Final = "sk-proj-0123456789abcdefABCDEF"
# As this platform makes them: 24 random bytes (docs/operating.md), and as Key Vault has them.
OWN_KEY: Final = "0123456789abcdef" * 3
VAULT_KEY: Final = "aB3dE6gH9" * 4 + "kL2nO5q"
TOKEN: Final = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


def _vllm(name: str, message: str, level: str = "INFO", **more: Any) -> str:
    fields = {"asctime": "2026-11-30 23:46:06,295", "levelname": level, "name": name, "processName": "MainProcess"}
    return json.dumps({**fields, "process": 7, "message": message, **more})


STATISTICS: Final = (
    "Engine 000: Avg prompt throughput: 17.2 tokens/s, Avg generation throughput: 43.9 tokens/s, Running: 2 reqs, "
    "Waiting: 0 reqs, GPU KV cache usage: 1.4%, Prefix cache hit rate: 12.5%"
)
ANSWERED: Final = '10.244.1.7:41824 - "POST /v1/chat/completions HTTP/1.1" 200'
_BODY: Final = json.dumps({"model": "chat", "messages": [{"role": "user", "content": PROMPT}]})
_INVALID: Final = (
    "Traceback (most recent call last):\n"
    '  File "/usr/lib/python3/dist-packages/vllm/entrypoints/openai/api_server.py", line 12, in create\n'
    f'    raise ValueError("{PROMPT}")\n'
    "ValueError: 1 validation error for ChatCompletionRequest\nmessages.0.content\n"
    f"  Input should be a valid string [type=string_type, input_value='{PROMPT}', input_type=dict]"
)
_STEP: Final = (
    "SchedulerOutput(scheduled_new_reqs=[NewRequestData(req_id=chatcmpl-1,prompt_token_ids_len=34,"
    f"sampling_params=SamplingParams(n=1, stop=['{PROMPT}'], bad_words=['{PROMPT}']),block_ids=([1],))])"
)
VLLM: Final = (
    _vllm("vllm.v1.metrics.loggers", STATISTICS),
    _vllm("uvicorn.access", ANSWERED),
    _vllm("vllm.entrypoints.serve.utils.request_logger", f"Request chatcmpl-1 JSON body: {_BODY}"),
    _vllm(
        "vllm.entrypoints.serve.utils.request_logger",
        f"Request chatcmpl-1 details: prompt: {PROMPT!r}, prompt_token_ids: [1, 2], prompt_embeds shape: None.",
    ),
    _vllm("vllm.entrypoints.openai.api_server", f"error=ErrorInfo(message='{PROMPT}')", "ERROR", exc_info=_INVALID),
    _vllm("vllm.engine", f"authorization: Bearer {KEY} was refused", "WARNING"),
    # As `make oracles PART=vllm_server` has it of an engine that fails.
    _vllm("vllm.logging_utils.dump_input", f"Dumping scheduler output: {_STEP}", "ERROR"),
    # The next version's names for them.
    _vllm("vllm.next", "Request", request_text=PROMPT, prompts=[PROMPT], body=_BODY, api_key=KEY),
)

# What is quoted within a message: bodies in bodies, headers as Python and ASGI write them, and values of several words.
QUOTED: Final = (
    _vllm("vllm.engine", json.dumps({"body": _BODY})),
    _vllm("vllm.engine", f"refused {json.dumps(json.dumps({'body': _BODY}))}"),
    _vllm("uvicorn.error", f"headers [(b'host', b'llm.example'), (b'x-api-key', b'{OWN_KEY}')]"),
    _vllm("vllm.engine", f"the key {OWN_KEY} is unknown"),
    _vllm("vllm.engine", f"neither is {VAULT_KEY}."),
    _vllm("vllm.engine", f"Authorization: ApiKey {PROMPT.split()[-1]}7"),
    _vllm("vllm.engine", 'password="a word and Ada"'),
    _vllm("vllm.engine", "Cookie: first=1; session=Ada"),
)

# As components/cluster/access_log.py has it; the rest are headers that somebody may add.
ACCESS: Final[dict[str, Any]] = {
    "start": "2026-11-30T23:00:00.000Z",
    "request_id": "b2",
    "method": "POST",
    "path": "/v1/chat/completions",
    "code": 200,
    "flags": "-",
    "milliseconds": 812,
    "client": "team-a",
    "model": "chat",
    "input_tokens": 5,
    "output_tokens": 16,
}
GATEWAY: Final = (
    json.dumps(ACCESS),
    json.dumps({**ACCESS, "authorization": f"Bearer {KEY}", "x-api-key": KEY, "request_body": _BODY}),
    # Agent Router: log/slog.
    json.dumps({"time": "2026-11-30T23:00:00Z", "level": "ERROR", "msg": "can't parse", "body": _BODY, "key": KEY}),
    json.dumps({"time": "2026-11-30T23:00:00Z", "level": "INFO", "msg": {"prompt": PROMPT}}),
    # Envoy Gateway: zap.
    json.dumps({"level": "info", "ts": "2026-11-30T23:00:00Z", "logger": "xds", "msg": f"token {TOKEN} of a client"}),
)

DECISION: Final[dict[str, Any]] = {
    "level": "info", "event": "decision", "policy": "strict", "stage": "input", "mode": "block", "decision": "block",
    "findings": ["jailbreak"], "tenant": "team-a", "model": "chat", "request": "b2",
}  # fmt: skip

# What is no JSON, or begins like it and is none.
TEXTS: Final = (
    f"ValidationError: [type=missing, input_value={{'messages': '{PROMPT}'}}, input_type=dict]",
    f'{{"messages": [{{"content": "{PROMPT}"',
    f'  "prompt": "{PROMPT}",',
    f"curl -H 'Authorization: Bearer {KEY}' https://llm.example",
    f"x-api-key: {KEY}",
    f"GET /v1/models?api_key={KEY}",
    f"a token of somebody: {TOKEN}",
    "[2026-11-30 23:00:00.000][1][info][main] all dependencies initialized. starting workers",
)
