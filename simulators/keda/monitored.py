"""The load of models, as Prometheus has it from their pods.

Source: vllm-project/vllm vllm/v1/metrics/loggers.py (`num_requests_waiting`, `num_requests_running`),
prometheus-operator pkg/prometheus/promcfg.go (`podTargetLabels`; `job` is the monitor's `namespace/name`). What
differs: nothing is scraped, a load is there at once.
"""

import re
from typing import Final

from simulators.api_server.client import Client
from simulators.keda.prometheus import Series, evaluate
from simulators.kubelet.pod_states import is_ready

# The PodMonitor that the platform makes.
_JOB: Final = "monitoring/vllm"
# In unequal parts: a query that forgets one of the two is far off.
_WAITING_SHARE: Final = 0.75


class Monitored:
    """Requests of each model, and what a query finds of them.

    `model_label` is the label of pods that report metrics; its value is their series' `model_name`. A monitor of these
    pods hands the label on, in Prometheus' spelling. A model without a ready pod reports nothing.
    """

    def __init__(self, client: Client, model_label: str) -> None:
        self._client = client
        self._model_label = model_label
        self._load: dict[str, float] = {}

    def load(self, model: str, requests: float) -> None:
        """So many requests of a model wait and run from now on. A model that no test loads has none."""
        self._load[model] = requests

    def value(self, query: str, namespace: str) -> float | None:
        """The value of a query now, None where it finds no series.

        Raises:
            UnknownQueryError: the query is in words that are not known here.

        """
        pods = self._client.list("v1", "Pod", namespace, labelSelector=self._model_label)
        reporting = {pod["metadata"]["labels"][self._model_label] for pod in pods if is_ready(pod)}
        return evaluate(query, [series for model in sorted(reporting) for series in self._series(namespace, model)])

    def _series(self, namespace: str, model: str) -> list[Series]:
        load = self._load.get(model, 0.0)
        handed_on = re.sub(r"[^a-zA-Z0-9_]", "_", self._model_label)
        labels = {"job": _JOB, "namespace": namespace, "model_name": model, handed_on: model}
        return [
            Series("vllm:num_requests_waiting", labels, load * _WAITING_SHARE),
            Series("vllm:num_requests_running", labels, load * (1 - _WAITING_SHARE)),
        ]
