"""Ports and headers on which model servers and their callers agree; the same in every stack."""

# Port of vLLM, of the Service in front of it, and the only one that network policies open.
HTTP_PORT = 8000
HTTP_PORT_NAME = "http"
# Of the AI gateway's processor, in the proxies' pods: its metrics and its health (theagentrouter/agent-router
# internal/controller, `extProcAdminPort`).
TOKEN_METRICS_PORT = 1064
# Set by the AI gateway from the request's body; what a client sends under this name is dropped.
MODEL_HEADER = "x-ai-eg-model"
# The caller, whom the gateway knows by the API key; a client can't set it. While one key replaces the other, requests
# with the second bear a number after a dot.
CLIENT_HEADER = "x-llm-client"
# The caller without that number.
TENANT_HEADER = "x-llm-tenant"
# Before the name of a counter: the request counts there.
COUNTED_HEADERS = "x-llm-counts-"
# How the caller has signed in, where it was by a token.
SIGNED_IN_HEADER = "x-llm-signed-in"
# Begins the names of all of these, which a client can't set.
HEADERS = "x-llm-"
# Metadata of an answer that the AI gateway's processor writes: prompt tokens that the cache had not, those that it had,
# and tokens of the answer.
TOKENS = "io.envoy.ai_gateway"
INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS = "llm_uncached_input_token", "llm_cached_input_token", "llm_output_token"
# Metadata of a request with what its tenant may take, by counter.
LIMITS = "llm-platform.limits"
# Where the profiler of a model's server writes, and nothing else.
TRACES_FOLDER = "/traces"
