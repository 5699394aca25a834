"""The rate-limit service's part of a Plan: where it counts, and what happens while it can't."""

from msgspec import Struct

from planning.plan.base import Pairs
from planning.plan.secrets import SecretStorePlan

# Name by which the service's metrics are read, as those of a controller.
RATE_LIMITS = "rate-limits"


class RedisPlan(Struct, frozen=True, kw_only=True):
    """Redis in the cluster: one pod, whose counts outlive it on a disk."""

    name: str
    """Name of its objects and of its Service."""
    image: str
    """Its image."""
    storage_gib: int
    """Size of its disk."""
    memory_mib: int
    """Memory for counts; beyond it nothing more is counted, and nothing forgotten."""


class LimiterPlan(Struct, frozen=True, kw_only=True):
    """The service that proxies ask whether a tenant has anything left."""

    namespace: str
    """Namespace of the service, which Envoy Gateway starts beside itself, and of Redis."""
    pods: Pairs
    """Labels of the service's pods."""
    image: str
    """Image of the service."""
    replicas: int
    """Pods of the service."""
    redis: RedisPlan | None
    """Redis in the cluster; None where it is a service of the cloud's."""
    address: str
    """Host name and port of Redis."""
    port: int
    """Port of Redis."""
    tls: bool
    """Whether Redis is reached by TLS."""
    outside: str | None
    """Address range of a Redis outside the cluster; None where it is in it."""
    secret_store: SecretStorePlan
    """Store that the password comes from."""
    password: str
    """The store's secret with the password."""
    fail_closed: bool
    """Whether requests are refused while nothing can be counted; else they pass."""
    timeout_milliseconds: int
    """How long a proxy waits for the service."""
    redis_timeout_milliseconds: int
    """How long the service waits for Redis: less, so that it answers in time that it can't count."""
