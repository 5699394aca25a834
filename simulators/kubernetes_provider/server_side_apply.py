"""Server-side apply as the Kubernetes provider does it.

Source: pulumi/pulumi-kubernetes provider/pkg/await/await.go (`updateResource`, `ssaUpdate`, `fixCSAFieldManagers`).
"""

from collections.abc import Mapping
from typing import Any

from simulators.api_server.client import Client, Object
from simulators.kubernetes_provider import answers
from simulators.kubernetes_provider import applied_objects as objects


def take_over(client: Client, live: Object, manager: str) -> Object:
    """Make the provider the owner of what it created itself and of what people did by kubectl; the object then."""
    entries = objects.taken_over(live, manager)
    if entries is None:
        return live
    api_version, kind, name, namespace = answers.address(live)
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]
    return client.patch(api_version, kind, name, patch, namespace=namespace, patch="json")


def apply(client: Client, inputs: Mapping[str, Any], manager: str, *, force: bool, dry_run: bool = False) -> Object:
    """Apply the inputs; the object then. A CustomResourceDefinition is replaced as a whole."""
    content = objects.plain(inputs)
    if content["kind"] != "CustomResourceDefinition":
        return client.apply(content, field_manager=manager, force=force, dry_run=dry_run)
    version = client.get(*answers.address(content))["metadata"]["resourceVersion"]
    whole = {**content, "metadata": {**content["metadata"], "resourceVersion": version}}
    return client.replace(whole, field_manager=manager, dry_run=dry_run)
