"""Records what one replica of a model does for some seconds, with vLLM's own profiler, and fetches the traces.

By kubectl, in the pod itself: no port is opened, no policy changed, and who may `exec` is the cluster's own question.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from operate.problems import CannotOperateError
from planning.plan import ModelPlan
from planning.plan.endpoint import HTTP_PORT, TRACES_FOLDER
from planning.plan.labels import MODEL

CONTAINER: Final = "vllm"
# Writing the traces takes minutes, in which the engine answers nobody; a folder of 4 GiB takes some as well.
_QUICK_SECONDS, _SLOW_SECONDS = 30, 900
_TAIL: Final = 300
# The image has Python, and not always curl.
_POST: Final = (
    "import sys, urllib.request as r; "
    f"r.urlopen(r.Request('http://127.0.0.1:{HTTP_PORT}/' + sys.argv[1], method='POST'), timeout={_SLOW_SECONDS})"
)


class Kubectl:
    """kubectl, with one context and one namespace."""

    def __init__(self, context: str, namespace: str) -> None:
        found = shutil.which("kubectl")
        if found is None:
            raise CannotOperateError("there is no kubectl on this machine", "install it, and get the cluster's context")
        self._start = (found, "--context", context, "--namespace", namespace)
        self._context = context

    def __call__(self, *arguments: str, seconds: int = _QUICK_SECONDS) -> str:
        """Standard output of one command.

        Raises:
            CannotOperateError: it fails, or takes too long.
        """
        try:
            done = subprocess.run(
                [*self._start, *arguments], capture_output=True, text=True, timeout=seconds, check=True
            )
        except subprocess.CalledProcessError as error:
            message = " ".join(str(error.stderr).split())[-_TAIL:]
            raise CannotOperateError(
                f"kubectl {arguments[0]} failed: {message}",
                f"see whether kubectl --context {self._context} get pods works (az aks get-credentials)",
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotOperateError(f"kubectl {arguments[0]} did not end in {seconds} s", "try again") from error
        return done.stdout


def profiled(models: Sequence[ModelPlan], name: str, stack: str) -> ModelPlan:
    """The model that is named, if its replicas have a profiler.

    Raises:
        CannotOperateError: there is no such model, or it has none.
    """
    chosen = next((each for each in models if each.name == name), None)
    if chosen is None:
        listed = ", ".join(each.name for each in models)
        raise CannotOperateError(f"there is no model {name}", f"models of this stack: {listed}")
    if chosen.releases[0].pod.traces_gib is None:
        fix = f"write profiling: true for it, and run `llm-platform up {stack}`: its replicas start again"
        raise CannotOperateError(f"{name} can't be profiled", fix)
    return chosen


def pod_of(kubectl: Kubectl, model: ModelPlan, wanted: str | None) -> str:
    """A ready replica of the model, the first by name, or the one that is wanted.

    Raises:
        CannotOperateError: there is none.
    """
    items = json.loads(kubectl("get", "pods", "--selector", f"{MODEL}={model.name}", "--output", "json"))["items"]
    ready = sorted(str(each["metadata"]["name"]) for each in items if _ready(each))
    if wanted is None and ready:
        return ready[0]
    if wanted in ready:
        return str(wanted)
    listed = ", ".join(ready) or "none"
    raise CannotOperateError(f"{wanted or model.name} is not ready", f"ready replicas of {model.name}: {listed}")


def _ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def record(kubectl: Kubectl, pod: str, seconds: int, target: Path) -> Sequence[Path]:
    """Start the profiler, wait in the pod, stop it and copy its folder to `target`; the files that are new there.

    Once it has answered that it runs, the profiler is stopped whatever happens, as long as kubectl reaches the pod.

    Raises:
        CannotOperateError: the pod can't be reached, or the server has no profiler, as before an `up` with `profiling`.
    """
    inside = ("exec", pod, "--container", CONTAINER, "--")
    kubectl(*inside, "python3", "-I", "-c", _POST, "start_profile", seconds=_SLOW_SECONDS)
    try:
        kubectl(*inside, "sleep", str(seconds), seconds=seconds + _QUICK_SECONDS)
    finally:
        kubectl(*inside, "python3", "-I", "-c", _POST, "stop_profile", seconds=_SLOW_SECONDS)
    before = set(target.rglob("*"))
    kubectl("cp", "--container", CONTAINER, f"{pod}:{TRACES_FOLDER}", str(target), seconds=_SLOW_SECONDS)
    return sorted(path for path in set(target.rglob("*")) - before if path.is_file())
