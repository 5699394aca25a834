"""What runs in the cluster for all models: charts, secrets, operator, gateway, metrics."""

from msgspec import Struct

from planning.plan.base import Json, Pairs
from planning.plan.chart_traffic import ChartTrafficPlan
from planning.plan.limiter import LimiterPlan
from planning.plan.request_path import ListenerPath, ProxyPath
from planning.plan.secrets import SecretStorePlan
from planning.plan.surface import SurfacePlan
from planning.plan.telemetry import GatewayTracingPlan
from planning.plan.tenants import CounterPlan, RouteGroupPlan, TenantPlan
from planning.plan.tokens import TokensPlan


class ChartPlan(Struct, frozen=True, kw_only=True):
    """One Helm chart: its name, version, repository and namespace."""

    name: str
    """Name of Helm's installation; also the prefix of the chart's objects."""
    namespace: str
    """Namespace of the chart's objects."""
    chart: str
    """Name of the chart, or its address in an OCI registry, with its digest where that is known."""
    version: str
    """Version of the chart."""
    repository: str | None
    """Address of the Helm repository; None for a chart from an OCI registry."""
    timeout_seconds: int
    """How long Helm waits for the chart's objects to be ready."""
    images: dict[str, Json]
    """Values by which it pulls images through the platform's registry, and by their digests."""
    keyring: str | None = None
    """File with the publisher's public key, by which Helm checks the chart's provenance; None: it isn't checked."""


class ChartCrdsPlan(Struct, frozen=True, kw_only=True):
    """A Job that applies the CRDs of a chart's `crds` folder, which Helm installs once and never updates."""

    account: str
    """Name of its service account, and prefix of its own."""
    namespace: str
    """Namespace that it runs in."""
    chart: str
    """Name of the chart, or its address in an OCI registry."""
    version: str
    """Version of the chart."""
    repository: str | None
    """Address of the Helm repository; None for a chart from an OCI registry."""
    folder: str
    """Folder of the unpacked chart that holds the CRDs."""
    helm_image: str
    """Image with Helm, which fetches the chart."""
    kubectl_image: str
    """Image with kubectl, which applies the CRDs on the server."""
    bundle_crd: str
    """A CRD of the bundle that is compared afterwards."""
    bundle_annotation: str
    """Annotation that holds the bundle's version."""
    bundle_version: str
    """Version of the bundle that the chart is known to have."""
    revision: str
    """Hash of all of it: another version of the chart is another Job."""


class MovePlan(Struct, frozen=True, kw_only=True):
    """The wait, at a move to new system nodes, for pods that an operator moves by itself."""

    name: str
    """Name of the Job that waits, with the revision of the system nodes: each move has a new one."""
    namespace: str
    """Namespace of the awaited pods and of the Job."""
    image: str
    """Image of the Job, which exits immediately."""
    timeout_seconds: int
    """Longest wait."""


class SecretsPlan(Struct, frozen=True, kw_only=True):
    """External Secrets Operator, which copies the foundation's secrets into the cluster."""

    chart: ChartPlan
    """Chart of the operator."""
    service_account: str
    """Service account of the operator itself, which has no identity outside the cluster."""
    stores: tuple[str, ...]
    """Namespaces that have a store."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""


class GpuOperatorPlan(Struct, frozen=True, kw_only=True):
    """GPU Operator."""

    chart: ChartPlan
    """Chart of the operator."""
    installs_driver: bool
    """Whether the operator installs the GPU driver; otherwise the foundation's nodes come with it."""
    values: dict[str, Json]
    """The chart's values: the whole set of one ownership mode, never half of it."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""


class ServingPlan(Struct, frozen=True, kw_only=True):
    """The namespace of all models and what they share."""

    namespace: str
    """Name of the namespace."""
    secret_store: SecretStorePlan | None
    """Store that the token comes from; None without a token."""
    hugging_face_secret: str | None
    """Kubernetes Secret with the Hugging Face token; None without a token."""
    hugging_face_key: str | None
    """The store's secret with that token."""


class AutoscalingPlan(Struct, frozen=True, kw_only=True):
    """KEDA."""

    chart: ChartPlan
    """Chart of KEDA."""
    models_namespace: str
    """The one namespace whose workloads it scales."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""


class ControllerPlan(Struct, frozen=True, kw_only=True):
    """A controller whose metrics are scraped: without it, changes have no effect."""

    name: str
    """Name of its chart."""
    namespace: str
    """Namespace of its pods."""
    pods: Pairs
    """Labels of its pods."""
    port: str | int
    """Name or number of the port with its metrics."""


class GatewayPlan(Struct, frozen=True, kw_only=True):
    """Envoy Gateway, Envoy AI Gateway and the one Gateway object."""

    envoy: ChartPlan
    """Chart of Envoy Gateway; the proxies run in its namespace."""
    envoy_crds: ChartCrdsPlan
    """How the CRDs of that chart follow its version."""
    ai_crds: ChartPlan
    """Chart with the CRDs of Envoy AI Gateway."""
    ai: ChartPlan
    """Chart of Envoy AI Gateway's controller."""
    envoy_controller: ControllerPlan
    """Envoy Gateway's pods, which send what they have translated to the AI gateway's controller."""
    ai_controller: ControllerPlan
    """Pods of Envoy AI Gateway's controller."""
    namespace: str
    """Namespace of the Gateway, its policies and its Secrets."""
    served_namespaces: tuple[str, ...]
    """The only namespaces whose objects the controllers read: of the Gateway, of the models and of the proxies."""
    gateway: str
    """Name of the Gateway and of the objects that belong to it alone."""
    hostname: str
    """The one host name that is served."""
    certificate: str | None
    """The store's secret with the certificate and its key, as one PEM text; None where an authority signs it."""
    surface: SurfacePlan
    """Who signs the certificate, and what answers without encryption."""
    fallback_hosts: tuple[str, ...]
    """Hosts outside that the proxies send requests to, by HTTPS."""
    hosts_by_name: bool
    """Whether their network policy names these hosts; else it lets the proxies reach the internet on that port."""
    secret_store: SecretStorePlan
    """Store that certificate and keys come from."""
    proxy_image: str
    """Image of the proxies: a later patch of the minor version that Envoy Gateway brings."""
    public: bool
    """Whether the gateway is reached from the internet."""
    service_annotations: Pairs
    """Annotations of the proxies' Service: whether its load balancer is public, and how long it bears silence."""
    tenants: tuple[TenantPlan, ...]
    """Who may call."""
    tokens: TokensPlan | None
    """The listener that takes access tokens; None where only keys are taken."""
    counters: tuple[CounterPlan, ...]
    """What is counted for each tenant over all proxies; none where no tenant is limited so."""
    models_namespace: str
    """Namespace of the models' routes."""
    limiter: LimiterPlan | None
    """What counts their limits over all proxies; None where none has any."""
    listener: ListenerPath
    """Limits of the proxies towards clients."""
    proxy: ProxyPath
    """Memory of a proxy, and how it goes."""
    min_replicas: int
    """Fewest proxies."""
    max_replicas: int
    """Most proxies."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""
    usage_exported: bool
    """Whether tenants are charged by what the proxies' processors count."""
    judged: bool
    """Whether content safety is in every request's way, beside the tenants' script."""
    tracing: GatewayTracingPlan | None
    """Where its spans go; None where no traces are kept."""
    move: MovePlan
    """The wait for proxies on earlier system nodes."""


class RoutePlan(Struct, frozen=True, kw_only=True):
    """The route from the gateway to one model."""

    gateway: str
    """Name of the Gateway that the route attaches to."""
    gateway_namespace: str
    """Namespace of that Gateway."""
    hostname: str
    """Host name of the requests."""
    models: tuple[str, ...]
    """Names in `model` of the requests that it takes: the model's, and those of its adapters."""
    groups: tuple[RouteGroupPlan, ...]
    """The tenants that may use it, in groups that are treated alike."""
    removed: tuple[str, ...]
    """Headers that the model's own pods never get."""


class TrafficPlan(Struct, frozen=True, kw_only=True):
    """Who may reach the pods of one model and where they may go."""

    gateway: str
    """Name of the Gateway whose proxies send requests; those of any other Gateway may not."""
    gateway_namespace: str
    """Namespace of that Gateway."""
    proxies_namespace: str
    """Namespace of the proxies."""
    prometheus_namespace: str
    """Namespace of Prometheus, which reads metrics."""
    destinations: tuple[str, ...]
    """Address ranges outside the virtual network where pods may go, by HTTPS; none where `hosts` says it."""
    not_internet: tuple[str, ...]
    """Address ranges that are not the internet, where pods may not go."""
    store_addresses: str | None
    """Address range of the store of weights; None where the weights come from the internet."""
    hosts: tuple[str, ...]
    """Hosts outside the virtual network where pods may go, by HTTPS; none where `destinations` says it."""
    store_host: str | None
    """Name of the store, which pods may look up where `hosts` limits that; None where they may look up any name."""
    judged_for: str | None = None
    """Namespace of the processor for which it judges prompts and answers; None where it is no guard."""
    traced_by: GatewayTracingPlan | None = None
    """Where its pods send spans; None where no traces are kept."""
