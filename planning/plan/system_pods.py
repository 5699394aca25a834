"""What the platform's own pods request, the same in every stack: written into charts' values and counted in capacity.

The figures are this program's choice, from what the charts' owners suggest and what such pods use; a container without
a request counts as nothing to the scheduler, and is the first to be killed when a node runs out of memory.
"""

from collections.abc import Mapping

from msgspec import Struct

from planning.plan.base import Json


class Requests(Struct, frozen=True):
    """What one container requests, and the memory above which it is killed."""

    cpu_millicores: int
    """CPU."""
    memory_mib: int
    """Memory."""
    memory_limit_mib: int
    """Limit of memory."""
    cpu_limit_millicores: int | None = None
    """Limit of CPU; None where nobody demands one, since throttling helps nobody."""

    def resources(self) -> dict[str, Json]:
        """`resources` as a container has them."""
        cpu: dict[str, Json] = {} if self.cpu_limit_millicores is None else {"cpu": f"{self.cpu_limit_millicores}m"}
        return {
            "requests": {"cpu": f"{self.cpu_millicores}m", "memory": f"{self.memory_mib}Mi"},
            "limits": {**cpu, "memory": f"{self.memory_limit_mib}Mi"},
        }


# The proxies' containers, which no chart makes: Envoy, and the AI gateway's processor, which holds whole requests and
# answers in memory while it reads them.
ENVOY = Requests(250, 512, 2048)
EXTERNAL_PROCESSOR = Requests(100, 256, 2048)
# The rate-limit service and Redis, which hold a few thousand numbers.
RATE_LIMIT = Requests(100, 128, 512)
REDIS = Requests(100, 192, 384)
# Pods of that service: one may go with its node.
RATE_LIMIT_REPLICAS = 2
# What judges prompts and answers: Python, with a few whole prompts and the windows of every stream in memory. Its limit
# depends on the largest body.
SAFETY = Requests(250, 384, 1024)
# What collects spans, and what keeps them in the cluster.
TRACES = Requests(100, 256, 512)
TRACE_COLLECTOR_REPLICAS = 2
TEMPO = Requests(100, 512, 2048)
JAEGER = Requests(100, 256, 1024)
# What reads logs on every node, and what keeps them in the cluster.
LOG_COLLECTOR = Requests(50, 128, 384)
LOKI = Requests(200, 512, 2048)
# What writes usage to files: Python, with a few minutes of every counter in memory.
USAGE_EXPORT = Requests(50, 128, 512)
# A Job of a minute.
HELPER = Requests(20, 64, 512)

# By chart and the path of its values.
REQUESTS: Mapping[str, Mapping[str, Requests]] = {
    "external-secrets": {
        "resources": Requests(50, 128, 256),
        "webhook.resources": Requests(10, 64, 128),
    },
    "cert-manager": {
        "resources": Requests(20, 64, 256),
        "webhook.resources": Requests(10, 32, 128),
        "cainjector.resources": Requests(20, 128, 512),
        "startupapicheck.resources": HELPER,
    },
    "gateway-helm": {"certgen.job.resources": HELPER},
    "ai-gateway-helm": {"controller.resources": Requests(100, 128, 256)},
    "kube-prometheus-stack": {
        "crds.upgradeJob.resources": HELPER,
        "prometheusOperator.resources": Requests(50, 128, 256),
        "prometheusOperator.admissionWebhooks.patch.resources": HELPER,
        "prometheusOperator.prometheusConfigReloader.resources": Requests(10, 32, 128),
        "prometheus.prometheusSpec.resources": Requests(250, 1024, 4096),
        "alertmanager.alertmanagerSpec.resources": Requests(10, 128, 512),
        "kube-state-metrics.resources": Requests(20, 96, 512),
        "prometheus-node-exporter.resources": Requests(20, 32, 128),
        "grafana.resources": Requests(50, 192, 512),
        "grafana.sidecar.resources": Requests(10, 96, 256),
    },
}
# Controllers whose absence stops others: Envoy Gateway programs nothing while it can't reach the AI gateway's, and no
# ExternalSecret can be written while its webhook is away.
REPLICAS: Mapping[str, Mapping[str, int]] = {
    "external-secrets": {"webhook.replicaCount": 2},
    "gateway-helm": {"deployment.replicas": 2},
    "ai-gateway-helm": {"controller.replicaCount": 2},
}


def sizes(chart: str) -> dict[str, Json]:
    """Values of a chart, by its name in the catalog, that set the requests and replicas of its pods."""
    values: dict[str, Json] = {}
    settings: dict[str, Json] = {path: wanted.resources() for path, wanted in REQUESTS.get(chart, {}).items()}
    for path, value in {**settings, **REPLICAS.get(chart, {})}.items():
        *above, last = path.split(".")
        holder = values
        for step in above:
            inner = holder.setdefault(step, {})
            if not isinstance(inner, dict):
                raise TypeError(path)
            holder = inner
        holder[last] = value
    return values
