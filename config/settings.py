"""All sections of a stack file in one frozen value."""

from typing import Annotated

from pydantic import Field

from config.base import Section
from config.cluster import Cluster, Quota
from config.gateway import Gateway
from config.models import Model
from config.network import NetworkSection
from config.observability import Observability
from config.platform import Platform
from config.pools import Pool
from config.security import Security
from config.storage import Storage


class Settings(Section):
    """A stack file, section by section; each field is one key under `llm-platform:`."""

    platform: Platform = Field(description="Name, region, subscription.")
    network: NetworkSection = Field(default_factory=NetworkSection, description="Address plan.")
    cluster: Cluster = Field(description="AKS cluster.")
    quota: Quota = Field(
        default_factory=dict, description="Cores that the subscription may use per VM family, from `az vm list-usage`."
    )
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)] = Field(description="Node pools.")
    models: Annotated[tuple[Model, ...], Field(min_length=1)] = Field(description="Served models.")
    storage: Storage = Field(default_factory=Storage, description="Model store and registry.")
    security: Security = Field(default_factory=Security, description="Key Vault and names of secrets.")
    gateway: Gateway = Field(description="Address, clients and limits of the gateway.")
    observability: Observability = Field(default_factory=Observability, description="Metrics and alerts.")


SECTIONS: tuple[str, ...] = tuple(Settings.model_fields)
