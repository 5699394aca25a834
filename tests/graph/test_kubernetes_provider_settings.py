"""The Kubernetes provider's settings decide what happens when somebody else has written a field, or nobody answers."""

import json

import pytest

from tests.graph.stacks import ALL, entries_of, is_kubernetes


@pytest.mark.parametrize("stack", ALL)
def test_the_provider_wins_over_other_managers_and_waits_for_no_request_without_end(stack: str) -> None:
    """An object's own annotation would come before the provider's setting."""
    inputs = next(entry for entry in entries_of(stack) if entry["type"] == "pulumi:providers:kubernetes")["inputs"]
    assert inputs["enableServerSideApply"] == inputs["enablePatchForce"] == "true"
    assert json.loads(inputs["kubeClientSettings"]) == {"timeout": 60}
    # A creation would take over what is there, and a pending deletion of the same name would take it along.
    assert "upsertExistingObjects" not in inputs
    annotations = [
        entry["inputs"].get("metadata", {}).get("annotations") or {}
        for entry in filter(is_kubernetes, entries_of(stack))
    ]
    assert {key for found in annotations for key in found if key.startswith("pulumi.com/")} <= {"pulumi.com/waitFor"}
