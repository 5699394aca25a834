"""KEDA's admission webhook, as policies that the API server itself enforces.

Source: kedacore/keda v2.21.0 apis/keda/v1alpha1/scaledobject_webhook.go (`verifyScaledObjects` 358, `verifyName` 242,
`verifyHpas` 293). Left out: its warnings, triggers by processor and memory, scaling modifiers, transfers of ownership.
"""

from typing import Any, Final

from simulators.api_server.client import ApiError, Client, Object

_POLICY: Final = "admissionregistration.k8s.io/v1"
_LONGEST_NAME: Final = 63
_HPA_PREFIX: Final = len("keda-hpa-")
_TARGET: Final = "object.spec.scaleTargetRef.name"
_BY_ANOTHER: Final = f"params.metadata.name == object.metadata.name || params.spec.scaleTargetRef.name != {_TARGET}"
_BY_ANOTHER_HPA: Final = (
    f"params.spec.scaleTargetRef.name != {_TARGET} || (has(params.metadata.ownerReferences) && "
    "params.metadata.ownerReferences.exists(o, o.kind == 'ScaledObject' && o.name == object.metadata.name))"
)


def install(client: Client) -> None:
    """Let the API server refuse what KEDA's webhook refuses."""
    for item in _objects():
        try:
            client.create(item)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise


def remove(client: Client) -> None:
    """Let it refuse nothing of that any more."""
    for item in _objects():
        try:
            client.delete(_POLICY, item["kind"], item["metadata"]["name"])
        except ApiError as error:
            if not error.is_missing:
                raise


def _objects() -> list[Object]:
    long = f"object.metadata.name.size() <= {_LONGEST_NAME - _HPA_PREFIX}"
    managed = f"'the workload ' + {_TARGET} + ' of type apps/v1.Deployment is already managed by the "
    return [
        *_policy(
            "name", None, long, "'HPA name keda-hpa-' + object.metadata.name + ' must be no more than 63 characters'"
        ),
        *_policy(
            "scaled-object",
            {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject"},
            _BY_ANOTHER,
            managed + "ScaledObject ' + params.metadata.name",
        ),
        *_policy(
            "hpa",
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"},
            _BY_ANOTHER_HPA,
            managed + "hpa ' + params.metadata.name",
        ),
    ]


def _policy(name: str, others: dict[str, str] | None, expression: str, message: str) -> list[Object]:
    """A policy and its binding; with `others`, it is evaluated once for each object of that kind in the namespace."""
    rule = {
        "apiGroups": ["keda.sh"],
        "apiVersions": ["v1alpha1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["scaledobjects"],
    }
    policy: dict[str, Any] = {
        # The chart's `webhooks.failurePolicy`.
        "failurePolicy": "Ignore",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "messageExpression": message}],
    }
    binding: dict[str, Any] = {"policyName": f"keda-{name}", "validationActions": ["Deny"]}
    if others is not None:
        policy["paramKind"] = others
        binding["paramRef"] = {"selector": {}, "parameterNotFoundAction": "Allow"}
    metadata = {"name": f"keda-{name}"}
    return [
        {"apiVersion": _POLICY, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": policy},
        {"apiVersion": _POLICY, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": binding},
    ]
