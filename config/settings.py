"""All sections of a stack file in one frozen value."""

from typing import Annotated

from pydantic import Field

from config.access import Access
from config.base import Section
from config.cluster import Cluster, Quota
from config.cost import Cost
from config.gateway import Gateway
from config.limiter import Limiter
from config.models import ModelSettings
from config.network import NetworkSection
from config.observability import Observability
from config.platform import Platform
from config.pools import Pool
from config.registry import Registry
from config.safety import Safety
from config.security import Security
from config.storage import Storage
from config.tenants import Tenant


class Settings(Section):
    """A stack file, section by section; each field is one key under `llm-platform:`."""

    platform: Platform = Field(
        description="a mapping with name, suffix, environment, region, tenant_id and subscription_id"
    )
    network: NetworkSection = Field(default_factory=NetworkSection, description="a mapping: the address plan")
    cluster: Cluster = Field(description="a mapping with kubernetes, tier, api_server, admin_groups and system_pool")
    quota: Quota = Field(
        default_factory=dict,
        max_length=1000,
        description="the cores that the subscription may use in the region, per VM family and in all, as "
        "`az vm list-usage` prints: {StandardNCadsH100v5Family: 80, lowPriorityCores: 160}",
    )
    pools: Annotated[tuple[Pool, ...], Field(min_length=1, max_length=100)] = Field(
        description="a list of node pools, at least one: [{name: …, class: inference, vm_size: …, nodes: {…}}]"
    )
    models: Annotated[tuple[ModelSettings, ...], Field(min_length=1, max_length=1000)] = Field(
        description="a list of models, at least one: [{name: …, source: {…}, pool: …, context: …, replicas: {…}}]"
    )
    storage: Storage = Field(
        default_factory=Storage, description="a mapping: how redundant weights and images are kept"
    )
    registry: Registry = Field(
        default_factory=Registry, description="a mapping: where images come from, and the account for Docker Hub"
    )
    security: Security = Field(
        default_factory=Security, description="a mapping: the key vault and the names of secrets in it"
    )
    access: Access = Field(
        default_factory=Access,
        description="a mapping: the Entra groups that operate the platform, publish models or look on",
    )
    gateway: Gateway = Field(description="a mapping with hostname and certificate")
    tenants: Annotated[tuple[Tenant, ...], Field(min_length=1, max_length=1000)] = Field(
        description="a list of callers, at least one: [{name: team-a, models: [chat]}]"
    )
    limiter: Limiter = Field(
        default_factory=Limiter, description="a mapping: where tenants' limits are counted, and what happens while not"
    )
    safety: Safety | None = Field(
        default=None,
        description="a mapping: what judges prompts and answers: {processor_image: …, policies: […]}",
    )
    observability: Observability = Field(
        default_factory=Observability, description="a mapping: retention of metrics and alert thresholds"
    )
    cost: Cost = Field(default_factory=Cost, description="a mapping: the managed APIs that the cost is compared with")


SECTIONS: tuple[str, ...] = tuple(Settings.model_fields)
