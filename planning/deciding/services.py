"""Plans what runs in the cluster for all models: secrets, gateway, autoscaling, metrics."""

from planning.deciding import azure_objects, tenants
from planning.deciding.alerting import alerting
from planning.deciding.azure_monitor import remote_write
from planning.deciding.chart_crds import chart_crds
from planning.deciding.chart_traffic import chart_traffic
from planning.deciding.charts import chart
from planning.deciding.cost_watch import cost_watch
from planning.deciding.entra import entra
from planning.deciding.images import image
from planning.deciding.limiter import limiter, limiter_controller
from planning.deciding.moves import move
from planning.deciding.objectives import objectives
from planning.deciding.releases import NAMESPACE, TOKEN_SECRET
from planning.deciding.secret_stores import OPERATOR, secret_store, secrets_read
from planning.deciding.surface import dns_name, issuer, surface
from planning.deciding.tracing import gateway_tracing
from planning.deciding.traffic import GATEWAY, GATEWAY_NAMESPACE, NODE_EXPORTER_NAMESPACE
from planning.deciding.usage_export import usage_export
from planning.deciding.watch import watch
from planning.placement.system_capacity import system_capacity
from planning.plan import (
    AutoscalingPlan,
    CertificatesPlan,
    ControllerPlan,
    GatewayPlan,
    GpuMetricsPlan,
    MonitoringPlan,
    NodeSelection,
    PlatformPlan,
    SecretsPlan,
    ServingPlan,
    SystemLoadPlan,
)
from planning.resolving.fallback import fallback_hosts
from planning.resolving.hugging_face import token_secret
from planning.resolving.logs import COLLECTOR_NAMESPACE, in_loki
from planning.resolving.metrics_disk import most_metrics_gib
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack
from planning.resolving.telemetry import telemetry_namespaces

# In this repository.
_RUNBOOKS = "docs/runbooks"
# What the Prometheus operator gives Prometheus to end: prometheus-operator v0.93, pkg/prometheus/server/statefulset.go.
_PROMETHEUS_GRACE_SECONDS = 600


def platform(stack: ResolvedStack) -> PlatformPlan:
    """Plan where the platform runs."""
    settings = stack.settings.platform
    return PlatformPlan(region=settings.region, protect=settings.protected)


def system_load(stack: ResolvedStack) -> SystemLoadPlan:
    """Plan what the system nodes have to carry.

    Raises:
        ValueError: the system pool has no size, which rule SYS-POOL reports.
    """
    capacity = system_capacity(stack.resolution)
    if capacity is None:
        raise ValueError(stack.settings.cluster.system_pool)
    return SystemLoadPlan(
        node_cpu_millicores=capacity.node_cpu_millicores,
        node_memory_mib=capacity.node_memory_mib,
        min_cpu_millicores=capacity.fewest_cpu_millicores,
        min_memory_mib=capacity.fewest_memory_mib,
        max_cpu_millicores=capacity.most_cpu_millicores,
        max_memory_mib=capacity.most_memory_mib,
        min_nodes=stack.settings.cluster.system_pool.nodes.min,
        spare=capacity.fits_reduced,
    )


def secrets(stack: ResolvedStack) -> SecretsPlan:
    """Plan External Secrets; the stores are planned with the namespaces that they are in."""
    return SecretsPlan(
        chart=chart(stack, "external-secrets"),
        service_account=OPERATOR,
        stores=tuple(secrets_read(stack)),
        traffic=chart_traffic(stack),
    )


def serving(stack: ResolvedStack) -> ServingPlan:
    """Plan the namespace of the models."""
    token = token_secret(stack.resolution)
    return ServingPlan(
        namespace=NAMESPACE,
        secret_store=secret_store(stack, NAMESPACE) if NAMESPACE in secrets_read(stack) else None,
        hugging_face_secret=TOKEN_SECRET if token is not None else None,
        hugging_face_key=token,
    )


def autoscaling(stack: ResolvedStack) -> AutoscalingPlan:
    """Plan KEDA."""
    return AutoscalingPlan(chart=chart(stack, "keda"), models_namespace=NAMESPACE, traffic=chart_traffic(stack))


def certificates(stack: ResolvedStack) -> CertificatesPlan:
    """Plan cert-manager."""
    return CertificatesPlan(chart=chart(stack, "cert-manager"), issuer=issuer(stack), traffic=chart_traffic(stack))


def gateway(stack: ResolvedStack, nodes: NodeSelection) -> GatewayPlan:
    """Plan the gateway."""
    settings, envoy = stack.settings.gateway, chart(stack, "gateway-helm")
    path = request_path(stack.resolution)
    controllers = {controller.name: controller for controller in _controllers(stack)}
    return GatewayPlan(
        envoy=envoy,
        envoy_crds=chart_crds(stack, "gateway-helm"),
        ai_crds=chart(stack, "ai-gateway-crds-helm"),
        ai=chart(stack, "ai-gateway-helm"),
        envoy_controller=controllers["gateway-helm"],
        ai_controller=controllers["ai-gateway-helm"],
        namespace=GATEWAY_NAMESPACE,
        served_namespaces=tuple(sorted((envoy.namespace, GATEWAY_NAMESPACE, NAMESPACE))),
        gateway=GATEWAY,
        hostname=settings.hostname,
        certificate=settings.certificate,
        surface=surface(stack),
        fallback_hosts=fallback_hosts(stack.resolution),
        hosts_by_name=stack.settings.network.egress == "fqdn",
        secret_store=secret_store(stack, GATEWAY_NAMESPACE),
        proxy_image=image(stack, "envoy-proxy"),
        public=settings.exposure == "public",
        service_annotations=azure_objects.load_balancer_annotations(stack, dns_name(stack)),
        tenants=tenants.tenants(stack),
        tokens=entra(stack),
        counters=tenants.counters(stack),
        usage_exported=stack.settings.observability.usage_export is not None,
        judged=stack.settings.safety is not None,
        tracing=gateway_tracing(stack),
        models_namespace=NAMESPACE,
        limiter=limiter(stack),
        listener=path.listener,
        proxy=path.proxy,
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
        traffic=chart_traffic(stack),
        move=move(
            stack,
            nodes,
            "proxies",
            envoy.namespace,
            start_seconds=envoy.timeout_seconds,
            end_seconds=path.proxy.grace_seconds,
        ),
    )


def monitoring(stack: ResolvedStack, nodes: NodeSelection) -> MonitoringPlan:
    """Plan Prometheus and Alertmanager."""
    settings = stack.settings.observability
    prometheus = chart(stack, "kube-prometheus-stack")
    # The chart's own prefix depends on its name; a fixed prefix makes the server's address, which KEDA queries.
    fullname = prometheus.name
    return MonitoringPlan(
        chart=prometheus,
        fullname=fullname,
        server=f"http://{fullname}-prometheus.{prometheus.namespace}.svc:9090",
        models_namespace=NAMESPACE,
        operator_namespace=stack.catalog.charts["gpu-operator"].namespace,
        node_exporter_namespace=NODE_EXPORTER_NAMESPACE,
        retention_days=settings.retention_days,
        storage_gib=settings.storage_gib,
        most_gib=most_metrics_gib(stack.settings),
        replicas=settings.replicas,
        waiting_requests=settings.alerts.waiting_requests,
        first_token_seconds=settings.alerts.first_token_seconds,
        runbooks=settings.runbooks.removesuffix("/") if settings.runbooks is not None else _RUNBOOKS,
        watch=watch(stack),
        gpu_nodes=azure_objects.GPU_NODES,
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        proxies_namespace=stack.catalog.charts["gateway-helm"].namespace,
        takes_tokens=entra(stack) is not None,
        gpu_metrics=_gpu_metrics(stack),
        controllers=(*_controllers(stack), *limiter_controller(stack)),
        alerting=alerting(stack),
        objectives=objectives(stack),
        traffic=chart_traffic(stack),
        crds_images=(image(stack, "busybox"), image(stack, "kubectl")),
        move=move(
            stack,
            nodes,
            "monitoring",
            prometheus.namespace,
            start_seconds=prometheus.timeout_seconds,
            end_seconds=_PROMETHEUS_GRACE_SECONDS,
        ),
        costs=cost_watch(stack),
        log_collectors=COLLECTOR_NAMESPACE if in_loki(stack.settings) is not None else None,
        trace_collector=next(iter(telemetry_namespaces(stack.resolution)), None),
        usage_export=usage_export(stack, _replicas(fullname, prometheus.namespace, settings.replicas)),
        remote_write=remote_write(stack, fullname),
    )


def _replicas(fullname: str, namespace: str, replicas: int) -> tuple[str, ...]:
    """Addresses of the single replicas of Prometheus, behind the operator's own Service.

    Source: prometheus-operator v0.93 pkg/prometheus/server/statefulset.go (`prometheus-NAME`) and
    pkg/prometheus/statefulset.go, governingServiceName.
    """
    return tuple(
        f"http://prometheus-{fullname}-prometheus-{index}.prometheus-operated.{namespace}.svc:9090"
        for index in range(replicas)
    )


def _gpu_metrics(stack: ResolvedStack) -> GpuMetricsPlan:
    facts = stack.catalog.gpu_metrics
    uses = facts.installed.uses
    return GpuMetricsPlan(
        xid_errors=uses.xid_errors,
        row_remap_failure=uses.row_remap_failure,
        row_remap_pending=uses.row_remap_pending,
        uncorrectable_rows=uses.uncorrectable_rows,
        clock_events=uses.clock_events,
        pcie_replays=uses.pcie_replays,
        engine_active=uses.engine_active,
        application_xids=facts.application_xids,
    )


def _controllers(stack: ResolvedStack) -> tuple[ControllerPlan, ...]:
    return tuple(
        ControllerPlan(
            name=facts.name,
            namespace=facts.namespace,
            pods=tuple(facts.metrics.pods.items()),
            port=facts.metrics.port,
        )
        for facts in stack.catalog.charts.values()
        if facts.metrics is not None
    )
