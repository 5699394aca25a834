"""Port and header on which model servers and their callers agree; the same in every stack."""

# Port of vLLM, of the Service in front of it, and the only one that network policies open.
HTTP_PORT = 8000
HTTP_PORT_NAME = "http"
# Set by the AI gateway from the request's body; what a client sends under this name is dropped.
MODEL_HEADER = "x-ai-eg-model"
# The caller, whom the gateway knows by the API key; a client can't set it.
CLIENT_HEADER = "x-llm-client"
