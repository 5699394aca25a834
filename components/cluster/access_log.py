"""What the proxies log of each request."""

from components.cluster.gateway_surface import ANSWERED_BY
from planning.plan import GatewayPlan, Json
from planning.plan.endpoint import CLIENT_HEADER, MODEL_HEADER

_STANDARD_OUTPUT: dict[str, Json] = {"type": "File", "file": {"path": "/dev/stdout"}}
# Client, model and token counts; never prompts, answers or keys.
_LOGGED: dict[str, Json] = {
    "start": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ_WITHOUT_QUERY(:PATH)%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "client": f"%REQ({CLIENT_HEADER.upper()})%",
    "model": f"%REQ({MODEL_HEADER.upper()})%",
    "input_tokens": "%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_input_token)%",
    "output_tokens": "%DYNAMIC_METADATA(io.envoy.ai_gateway:llm_output_token)%",
}


def access_log(plan: GatewayPlan) -> dict[str, Json]:
    """`accessLog` of the proxies; who answered is only a question where others than our own pods may."""
    answered: dict[str, Json] = {"answered_by": ANSWERED_BY} if plan.fallback_hosts else {}
    settings: Json = {"format": {"type": "JSON", "json": {**_LOGGED, **answered}}, "sinks": [_STANDARD_OUTPUT]}
    return {"settings": [settings]}
