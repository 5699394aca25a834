"""The liveness probe: whether the engine makes progress, not whether its process answers."""

from typing import Final

from pulumi_kubernetes.core.v1 import ProbeArgsDict

from planning.plan import ServerPath, metrics
from planning.plan.endpoint import HTTP_PORT

# After a GPU fault the engine may stand still while /health says 200: it says 503 only once the engine has died (vLLM
# 0.33, vllm/v1/engine/async_llm.py check_health). So this fails while requests run or wait and no token of theirs has
# been read or written since it last succeeded; and, as /health, when the server doesn't answer. An idle engine is well.
PROGRESS: Final = f"""
import json, pathlib, re, sys, urllib.request
seen = pathlib.Path("/tmp/engine-progress.json")
fetch = urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open
fetch("http://127.0.0.1:{HTTP_PORT}/health", timeout=5).read()
page = fetch("http://127.0.0.1:{HTTP_PORT}/metrics", timeout=5).read().decode()
busy, tokens = {{}}, {{}}
for name, labels, value in re.findall(r"^(vllm:\\w+){{(.*)}} (\\S+)$", page, re.MULTILINE):
    engine = (re.search(r'engine="([^"]*)"', labels) or [None, ""])[1]
    if name in ("{metrics.VLLM_REQUESTS_RUNNING}", "{metrics.VLLM_REQUESTS_WAITING}"):
        busy[engine] = busy.get(engine, 0) + float(value)
    elif name in ("{metrics.VLLM_PROMPT_TOKENS}", "{metrics.VLLM_GENERATED_TOKENS}"):
        tokens[engine] = tokens.get(engine, 0) + float(value)
try:
    before = json.loads(seen.read_text())
except (OSError, ValueError):
    before = {{}}
stuck = [engine for engine in busy if busy[engine] and tokens.get(engine, 0) == before.get(engine)]
if stuck:
    sys.exit(f"engine {{', '.join(stuck)}}: requests, and no token since the last success")
seen.write_text(json.dumps(tokens))
"""


def engine_progress(path: ServerPath) -> ProbeArgsDict:
    """Restarts a pod whose engine stood still for longer than any request may take: nobody waits for those answers."""
    return {
        "exec_": {"command": ["python3", "-c", PROGRESS]},
        "period_seconds": path.liveness.period_seconds,
        "timeout_seconds": path.liveness.timeout_seconds,
        "failure_threshold": path.liveness.failures,
        "termination_grace_period_seconds": path.liveness_grace_seconds,
    }
