"""What vLLM 0.33.0 writes into a request's span, as its own process did (`make oracles PART=vllm_server` compares)."""

from typing import Any, Final

# Of a request with an answer of 16 tokens and the defaults of all options but `max_tokens`.
ATTRIBUTES: Final[dict[str, Any]] = {
    "gen_ai.latency.time_to_first_token": 0.05,
    "gen_ai.latency.e2e": 0.3,
    "gen_ai.latency.time_in_queue": 0.001,
    "gen_ai.usage.prompt_tokens": 5,
    "gen_ai.usage.completion_tokens": 16,
    "gen_ai.latency.time_in_model_prefill": 0.04,
    "gen_ai.latency.time_in_model_decode": 0.25,
    "gen_ai.latency.time_in_model_inference": 0.29,
    "gen_ai.request.id": "chatcmpl-of-a-request",
    "gen_ai.request.top_p": 1.0,
    "gen_ai.request.max_tokens": 16,
    "gen_ai.request.temperature": 1.0,
    "gen_ai.request.n": 1,
}
