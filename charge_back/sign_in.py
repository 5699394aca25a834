"""The token by which blobs are written: the pod's federated token, exchanged with Entra ID."""

import json
import os
from pathlib import Path
from urllib.parse import urlencode

from charge_back.calls import ExportError, call

_SCOPE = "https://storage.azure.com/.default"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OK = 200


def storage_token() -> str:
    """A token for Azure Storage, from what the webhook of workload identity has put into the pod.

    The variables: https://learn.microsoft.com/azure/aks/workload-identity-overview; the request, OAuth's client
    credentials with a federated one: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow

    Raises:
        ExportError: the pod has no identity, or Entra ID refuses it.
    """
    try:
        authority, tenant = os.environ["AZURE_AUTHORITY_HOST"], os.environ["AZURE_TENANT_ID"]
        client, file = os.environ["AZURE_CLIENT_ID"], Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
        assertion = file.read_text(encoding="ascii")
    except (KeyError, OSError) as error:
        raise ExportError(f"the pod has no identity: {error!r}") from error
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "scope": _SCOPE,
        "client_assertion_type": _ASSERTION,
        "client_assertion": assertion,
    }
    answer = call(
        "POST",
        f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    try:
        reply = json.loads(answer.body)
        token = reply["access_token"] if answer.status == _OK else None
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"Entra ID answered {answer.status} without a token") from error
    if not isinstance(token, str):
        # The code alone: the description has the ids of tenant and client.
        codes = reply.get("error_codes") if isinstance(reply, dict) else None
        raise ExportError(f"Entra ID refuses the identity: {answer.status}, AADSTS {codes}")
    return token
