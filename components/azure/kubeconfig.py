"""The kubeconfig that AKS returns, with a kubelogin sign-in that works on the machine where Pulumi runs."""

from typing import Any

import yaml

# The only exec contract that the Kubernetes provider's client library and kubelogin have in common.
EXEC_API_VERSION = "client.authentication.k8s.io/v1beta1"


def with_kubelogin(kubeconfig: str, login: str, server_id: str) -> str:
    """The kubeconfig with every user's sign-in replaced by `kubelogin get-token`.

    AKS writes device-code login into its file, which waits for a person. Only the users' credentials change.

    Args:
        kubeconfig: YAML as `listClusterUserCredential` returns it with `format=exec`, base64 taken off.
        login: kubelogin's way to sign in: azurecli, workloadidentity, spn or msi.
        server_id: Application id of the AKS server in Entra.

    Raises:
        ValueError: the text is not a kubeconfig with at least one user.
    """
    config = yaml.safe_load(kubeconfig)
    if not isinstance(config, dict) or not config.get("users"):
        raise ValueError("not a kubeconfig: no users in it")
    config["users"] = [
        {"name": user["name"], "user": {"exec": _kubelogin(login, server_id)}} for user in config["users"]
    ]
    return yaml.safe_dump(config, sort_keys=False)


def _kubelogin(login: str, server_id: str) -> dict[str, Any]:
    return {
        "apiVersion": EXEC_API_VERSION,
        "command": "kubelogin",
        "args": ["get-token", "--login", login, "--server-id", server_id],
        "installHint": "kubelogin must be on PATH where Pulumi runs: https://azure.github.io/kubelogin",
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
