"""Content safety: the processor in the way of requests, and the account of Azure's service."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan
from planning.plan.base import Pairs
from planning.plan.system_pods import Requests

# Name of the processor's objects, and of its pods' label.
PROCESSOR = "content-safety"
GRPC_PORT, HTTP_PORT = 9002, 9003


class SafetyPlan(Struct, frozen=True, kw_only=True):
    """The processor: where it runs, what it judges, and what happens without it."""

    namespace: str
    """Its namespace."""
    image: str
    """Its image, by digest, in the platform's registry."""
    replicas: int
    """Pods."""
    settings: str
    """Its settings, JSON."""
    config_map: str
    """Name of the ConfigMap with them, which changes when they do."""
    has_identity: bool
    """Whether its pods sign in to the cloud."""
    pod_labels: Pairs
    """Labels by which its pods get a token of the cloud."""
    requests: Requests
    """What a pod requests, and its limits: its memory holds whole prompts, and what is held back of streams."""
    grace_seconds: int
    """How long a pod's open requests may take when it ends."""
    gateway: str
    """Name of the Gateway whose requests it judges."""
    gateway_namespace: str
    """Namespace of that Gateway."""
    proxies_namespace: str
    """Namespace of its proxies."""
    prometheus_namespace: str
    """Namespace of Prometheus."""
    models_namespace: str
    """Namespace of the guard models."""
    guard_models: tuple[str, ...]
    """Models that it calls."""
    destinations: tuple[str, ...]
    """Address ranges outside the cluster that it calls by HTTPS: the guard's, and that of tokens."""
    open: bool
    """Whether requests pass unjudged while no processor can be reached; else they are answered 503."""
    message_milliseconds: int
    """How long a proxy waits for it."""
    connections: int
    """Requests that a proxy may have open with it."""
    policies: tuple[str, ...]
    """Each policy on a line for people."""


class ContentSafetyPlan(Struct, frozen=True, kw_only=True):
    """An account of Azure AI Content Safety."""

    account: str
    """Azure's name for it, and the first part of its host name, globally unique."""
    endpoint: str
    """Name of the private endpoint."""
    endpoint_group: str
    """Azure's group id: the part of the service that the endpoint leads to."""
    use: GrantPlan
    """Lets the processor call it."""
