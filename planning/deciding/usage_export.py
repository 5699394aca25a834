"""Plans the daily export of usage: the CronJob, its identity, and the container of its files."""

import json

from planning.deciding import azure_objects
from planning.deciding.images import image
from planning.deciding.roles import grant
from planning.naming import USAGE_CONTAINER
from planning.plan import AdminGrantPlan, Json, PodIdentityPlan, UsageExportPlan, UsageRecordsPlan, metrics
from planning.resolving.resolution import ResolvedStack
from planning.resolving.usage_export import IMAGE, USAGE_EXPORT


def usage_export(stack: ResolvedStack, servers: tuple[str, ...]) -> UsageExportPlan | None:
    """Plan the CronJob, which asks these replicas of Prometheus; None where usage isn't exported."""
    settings, namespace = stack.settings.observability.usage_export, _namespace(stack)
    if settings is None:
        return None
    prices: dict[str, Json] = {
        # As text: what is charged is computed in decimals.
        price.model: {
            "input": str(price.usd_per_million_input_tokens),
            "cached": str(
                price.usd_per_million_input_tokens
                if price.usd_per_million_cached_tokens is None
                else price.usd_per_million_cached_tokens
            ),
            "output": str(price.usd_per_million_output_tokens),
        }
        for price in settings.prices
    }
    handed: dict[str, Json] = {
        "servers": list(servers),
        "job": metrics.proxies_job(namespace),
        "endpoint": metrics.USAGE_PORT,
        "container": f"https://{azure_objects.store_host(stack)}/{USAGE_CONTAINER}",
        "since": settings.since,
        "keep_days": settings.keep_days,
        "prices": prices,
    }
    by_name = stack.settings.network.egress == "fqdn"
    return UsageExportPlan(
        name=USAGE_EXPORT,
        namespace=namespace,
        image=image(stack, IMAGE),
        settings=json.dumps(handed, sort_keys=True, indent=1),
        pod_labels=azure_objects.POD_LABELS,
        storage_addresses=stack.settings.network.subnets.private_endpoints,
        sign_in_addresses=() if by_name else stack.catalog.azure.token_service.addresses,
    )


def usage_records(stack: ResolvedStack) -> UsageRecordsPlan | None:
    """Plan the container; None where usage isn't exported."""
    settings = stack.settings.observability.usage_export
    if settings is None:
        return None
    return UsageRecordsPlan(
        account=stack.names.storage_account.value,
        resource_group=stack.names.store_resource_group.value,
        container=USAGE_CONTAINER,
        keep_days=settings.keep_days,
        readers=tuple(
            AdminGrantPlan(
                group=group,
                grant=grant(
                    stack, f"usage-readers-{group}", "storage_blob_data_reader", f"container-{USAGE_CONTAINER}"
                ),
            )
            for group in settings.readers
        ),
    )


def pod_identity(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan the identity by which the CronJob's pods write to the container, and to no other."""
    if stack.settings.observability.usage_export is None:
        return ()
    return (
        PodIdentityPlan(
            logical_name=USAGE_EXPORT,
            name=stack.names.identity(USAGE_EXPORT).value,
            credential=stack.names.credential(USAGE_EXPORT).value,
            namespace=_namespace(stack),
            service_account=USAGE_EXPORT,
            names_tenant=False,
            read_secrets=(),
            read_weights=None,
            weights_folder=None,
            write_usage=grant(stack, USAGE_EXPORT, "storage_blob_data_contributor", f"container-{USAGE_CONTAINER}"),
        ),
    )


def _namespace(stack: ResolvedStack) -> str:
    return stack.catalog.charts["kube-prometheus-stack"].namespace
