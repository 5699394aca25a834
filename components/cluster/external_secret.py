"""A Kubernetes Secret that the External Secrets Operator fills from the vault."""

from collections.abc import Iterable, Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.labels import metadata
from components.cluster.secret_store import KIND
from planning.plan import Json, SecretStorePlan

# Something new in the vault takes effect within this time, unless its user asks for more haste.
_REFRESH = "1h"


def trimmed(keys: Iterable[str]) -> dict[str, Json]:
    """Template of a Secret whose values lose white space at both ends: `echo KEY |` leaves a line break in the vault.

    With it no request would match the key, and nothing would say why. `trim` is one of External Secrets' functions:
    https://external-secrets.io/latest/guides/templating/#helper-functions.
    """
    return {"engineVersion": "v2", "data": {key: f'{{{{ index . "{key}" | trim }}}}' for key in keys}}


def external_secret(
    resource_name: str,
    *,
    secret: str,
    store: SecretStorePlan,
    data: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    template: Mapping[str, Json] | None = None,
    refresh: str = _REFRESH,
) -> CustomResource:
    """`secret` in the store's namespace, each key from the vault's secret of that name in `data`.

    Values never pass through Pulumi.
    """
    target: dict[str, Json] = {"name": secret, "creationPolicy": "Owner"}
    if template is not None:
        target["template"] = dict(template)
    return CustomResource(
        resource_name,
        api_version="external-secrets.io/v1",
        kind="ExternalSecret",
        metadata=metadata(secret, store.namespace),
        spec={
            "refreshInterval": refresh,
            "secretStoreRef": {"kind": KIND, "name": store.name},
            "target": target,
            "data": [{"secretKey": key, "remoteRef": {"key": source}} for key, source in data.items()],
        },
        opts=opts,
    )
