"""Jobs that fetch a chart and apply the CRDs of its `crds` folder: what their two commands do to the API server.

Source: helm/helm v3.20.2 pkg/cmd/pull.go (`helm pull CHART --version V --untar --untardir DIR`), kubernetes 1.36
staging/src/k8s.io/kubectl/pkg/cmd/apply/apply.go (`--server-side`, `--force-conflicts`) and pkg/cmd/wait/wait.go
(`--for=jsonpath={.metadata.annotations.NAME}=VALUE`). What differs: the CRDs are those that are recorded for the
chart's version, and they are applied when the Job is seen, whether or not its pod has a node. Other commands are
refused.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulators.api_server.background import Background
from simulators.api_server.client import Client, Object
from simulators.helm.installed_charts import catalog_charts
from simulators.helm.reference_crds import reference_crds

_JOB: Final = ("batch/v1", "Job")
_CRD: Final = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_PAUSE_SECONDS: Final = 0.2
_CONDITION: Final = re.compile(r"^--for=jsonpath=\{\.metadata\.annotations\.(.+)\}=(.+)$")


class CrdJobs(Background):
    """Used as a context. `reference` holds the folder `crds`."""

    def __init__(self, client: Client, reference: Path) -> None:
        super().__init__("crd-jobs", client, [_JOB], _PAUSE_SECONDS)
        self._client, self._reference = client, reference
        self._done: set[str] = set()

    def look(self) -> None:
        """Do what the Jobs that have not been seen do."""
        for job in self._client.list(*_JOB):
            if job["metadata"]["uid"] not in self._done:
                self.attempt(lambda job=job: self._run_once(job))

    def _run_once(self, job: Object) -> None:
        spec = job["spec"]["template"]["spec"]
        commands = [
            [*(container.get("command") or []), *(container.get("args") or [])]
            for container in (*(spec.get("initContainers") or []), *spec["containers"])
        ]
        pulled: list[Object] = []
        for command in commands:
            match command[:2]:
                case ["helm", "pull"]:
                    pulled = self._pull(command)
                case ["kubectl", "apply"]:
                    self._apply(command, pulled)
                case ["kubectl", "wait"]:
                    self._compare(command)
                case ["kubectl" | "helm", *_]:
                    raise NotImplementedError(f"not a command of the Job that updates CRDs: {' '.join(command)}")
        self._done.add(job["metadata"]["uid"])

    def _pull(self, command: list[str]) -> list[Object]:
        if "--untar" not in command:
            raise NotImplementedError(f"not a command of the Job that updates CRDs: {' '.join(command)}")
        chart, version = command[2].rpartition("/")[2], command[command.index("--version") + 1]
        known = reference_crds(self._reference / "crds")
        return [crd for group in catalog_charts()[chart].crd_groups for crd in known.of(group, version)]

    def _apply(self, command: list[str], crds: list[Object]) -> None:
        if "--server-side" not in command or not crds:
            raise NotImplementedError(f"not a command of the Job that updates CRDs: {' '.join(command)}")
        for crd in crds:
            self._client.apply(crd, field_manager="kubectl", force="--force-conflicts" in command)

    def _compare(self, command: list[str]) -> None:
        """Raise where the real command would fail: the Job's pod does not know what happens here."""
        name = command[2].partition("/")[2]
        condition = next(match for part in command if (match := _CONDITION.match(part)))
        annotations: Mapping[str, Any] = self._client.get(*_CRD, name)["metadata"].get("annotations") or {}
        found, wanted = annotations.get(condition[1].replace("\\.", ".")), condition[2]
        if found != wanted:
            raise ValueError(f"timed out waiting for the condition on {name}: {found}, not {wanted}")
