"""cert-manager: certificates of webhooks in the cluster, and the gateway's own where an authority signs it."""

from msgspec import Struct

from planning.plan.chart_traffic import ChartTrafficPlan
from planning.plan.services import ChartPlan
from planning.plan.surface import IssuerPlan


class CertificatesPlan(Struct, frozen=True, kw_only=True):
    """cert-manager, which makes and renews the certificates of webhooks in the cluster."""

    chart: ChartPlan
    """Chart of cert-manager."""
    issuer: IssuerPlan | None
    """Who signs the gateway's certificate; None where it comes from the store of secrets."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""
