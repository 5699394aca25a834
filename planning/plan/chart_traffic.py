"""Who is around the pods of charts, as the network policies of their namespaces name it."""

from msgspec import Struct


class ChartTrafficPlan(Struct, frozen=True, kw_only=True):
    """Addresses and namespaces that pods of charts exchange traffic with; the same for every chart."""

    api_server: str
    """Address range of the API server, on port 443."""
    vault: str
    """Address range of the private endpoint of the vault."""
    sign_in_hosts: tuple[str, ...]
    """Hosts where pods with an identity sign in, if policies name hosts; empty where all of the internet is meant."""
    not_internet: tuple[str, ...]
    """Address ranges that are not the internet."""
    never: tuple[str, ...]
    """Address ranges that no pod of a chart may reach, such as the service that hands out the node's identity."""
    monitoring: str
    """Namespace of Prometheus."""
    autoscaler: str
    """Namespace of KEDA."""
    models: str
    """Namespace of the models."""
    proxies: str
    """Namespace of the gateway's proxies and of their controller."""
    scraped: tuple[str, ...]
    """Namespaces with pods that Prometheus scrapes."""
