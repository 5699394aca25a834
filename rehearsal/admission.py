"""Faults of admission: a policy that refuses, a webhook whose server is not running."""

import contextlib
from collections.abc import Generator
from typing import Any, Final

from simulators.api_server.client import ApiError, Client
from simulators.api_server.waiting import eventually

_REGISTRATION: Final = "admissionregistration.k8s.io/v1"
_DEPLOYMENTS: Final[dict[str, Any]] = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["deployments"],
}
_PROBE: Final[dict[str, Any]] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "probe", "namespace": "default"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "probe"}},
        "template": {
            "metadata": {"labels": {"app": "probe"}},
            "spec": {"containers": [{"name": "main", "image": "registry.invalid/main:1"}]},
        },
    },
}
# Nothing listens there: the port of the discard service, which nothing here starts.
_NOBODY: Final = "https://127.0.0.1:9/validate"


@contextlib.contextmanager
def policy(client: Client, message: str) -> Generator[None]:
    """A policy of the company refuses every new Deployment."""
    name = "company-policy"
    rules = {"resourceRules": [_DEPLOYMENTS]}
    spec = {"matchConstraints": rules, "validations": [{"expression": "false", "message": message}]}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    with (
        _registered(client, "ValidatingAdmissionPolicy", name, {"spec": spec}),
        _registered(client, "ValidatingAdmissionPolicyBinding", name, {"spec": binding}),
    ):
        _await_refusal(client, message)
        yield
    _await_consent(client)


@contextlib.contextmanager
def absent_webhook(client: Client) -> Generator[None]:
    """A webhook is called for every new Deployment, and its server does not run."""
    webhook = {
        "name": "deployments.webhook.invalid",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 1,
        "failurePolicy": "Fail",
        "clientConfig": {"url": _NOBODY},
        "rules": [_DEPLOYMENTS],
    }
    with _registered(client, "ValidatingWebhookConfiguration", "away", {"webhooks": [webhook]}):
        _await_refusal(client, "failed calling webhook")
        yield
    _await_consent(client)


@contextlib.contextmanager
def _registered(client: Client, kind: str, name: str, content: dict[str, Any]) -> Generator[None]:
    client.create({"apiVersion": _REGISTRATION, "kind": kind, "metadata": {"name": name}, **content})
    try:
        yield
    finally:
        client.delete(_REGISTRATION, kind, name)


def _refusal(client: Client) -> str:
    try:
        client.create(_PROBE, dry_run=True)
    except ApiError as error:
        return error.message
    return ""


def _await_refusal(client: Client, message: str) -> None:
    """The API server takes a moment to act on what was registered."""
    eventually(lambda: message in _refusal(client), f"a new Deployment is refused: {message}")


def _await_consent(client: Client) -> None:
    eventually(lambda: not _refusal(client), "new Deployments are taken again")
