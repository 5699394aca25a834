"""Which alerts say nothing new beside their cause: while the cause fires, Alertmanager holds its effects back.

A cause is at least as urgent as its effects, so that nobody who would be called is not.
"""

from msgspec import Struct


class Inhibition(Struct, frozen=True, kw_only=True):
    """`effects` are held back while one of `causes` fires with the same values of the labels `same`.

    `when` are matchers that a cause has to meet as well, `only` those of an effect.
    """

    causes: tuple[str, ...]
    effects: tuple[str, ...]
    same: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    why: str


INHIBITIONS = (
    Inhibition(
        causes=("ModelUnavailable",),
        effects=(
            "RequestsWaiting",
            "FirstTokenSlow",
            "QueueTimeLong",
            "TokensSlow",
            "RequestsNearTimeout",
            "AutoscalerAtMaximum",
        ),
        same=("namespace", "model_name"),
        why="without a replica there is nothing to be fast; what the last one measured stays for ten minutes",
    ),
    Inhibition(
        causes=("QueueTimeLong",),
        effects=("FirstTokenSlow",),
        same=("namespace", "model_name"),
        why="the first token is late because of the queue, not of the GPU",
    ),
    Inhibition(
        causes=("WeightsFail", "ModelImageMissing"),
        effects=("ModelStartSlow",),
        same=("namespace", "pod"),
        why="it never gets as far as to start",
    ),
    Inhibition(
        causes=("GPUNodeNotReady",),
        effects=(
            "GPUXidError",
            "GPURowRemapFailure",
            "GPURowRemapPending",
            "GPUMemoryErrors",
            "GPUThrottled",
            "GPUPcieErrors",
            "GPUMetricsMissing",
            "GPUNodeProblem",
            "GPUNodeWithoutGPUs",
            "GPULost",
            "MIGNotApplied",
            "KubeNodeNotReady",
            "KubeNodeUnreachable",
        ),
        same=("node",),
        why="the whole node is replaced, whatever its GPUs have",
    ),
    Inhibition(
        causes=("GatewayProcessorFails", "GatewayUnavailable"),
        effects=("GatewayErrors", "GatewayNotScaling"),
        why="every request that finds no proxy, or no processor, is one of the errors",
    ),
    Inhibition(
        causes=("GatewayUnavailable",),
        effects=("MetricsMissing",),
        only=('missing =~ "envoy_.*"',),
        why="no proxy is scraped: all of its metrics are gone together",
    ),
    Inhibition(
        causes=("GatewayCertificateEndsSoon",),
        effects=("GatewayCertificateEnds",),
        why="it is the same certificate, fourteen days later",
    ),
    Inhibition(
        causes=("RedisFails",),
        effects=("LimitsNotCounted",),
        why="the rate-limit service can't count without Redis",
    ),
    Inhibition(
        causes=("TracesNotDelivered",),
        effects=("TracesLost",),
        same=("namespace", "pod"),
        why="a store that takes nothing loses every batch after five minutes",
    ),
    Inhibition(
        causes=("ModelTargetsMissing",),
        effects=("MetricsMissing",),
        only=('missing =~ "vllm:.*"',),
        why="no replica is scraped: all of its metrics are gone together",
    ),
    Inhibition(
        causes=("ControllerDown",),
        when=('controller = "keda"',),
        effects=("AutoscalerInactive", "AutoscalerWithoutMetrics"),
        why="nobody gives the autoscalers a value while KEDA is away",
    ),
    Inhibition(
        causes=("ControllerDown",),
        when=('controller = "external-secrets"',),
        effects=("SecretNotSynced",),
        why="nobody fetches secrets while the operator is away",
    ),
    Inhibition(
        causes=("KubeAPIDown",),
        effects=("ControllerDown", "WebhookFails"),
        why="no controller works without the API server",
    ),
)
