"""What the stand-in of the Kubernetes provider waits for where an object says so itself."""

from typing import Any

import pytest

from simulators.kubernetes_provider.awaiting import NotReadyError, waited_for

_PATH = "jsonpath={.status.capabilities}"


def live(status: dict[str, Any], expression: str = _PATH) -> dict[str, Any]:
    """An object of the second generation."""
    return {"metadata": {"generation": 2, "annotations": {"pulumi.com/waitFor": expression}}, "status": status}


@pytest.mark.parametrize(
    ("status", "is_ready"),
    [
        ({}, False),
        ({"conditions": []}, False),
        ({"capabilities": "ReadWrite"}, True),
        # A controller that says which generation it has seen is believed only about the current one.
        ({"capabilities": "ReadWrite", "observedGeneration": 1}, False),
        ({"capabilities": "ReadWrite", "observedGeneration": 2}, True),
    ],
)
def test_an_object_is_waited_for_until_its_status_has_a_path(status: dict[str, Any], is_ready: bool) -> None:
    found = live(status)
    look = waited_for(found)
    assert look is not None
    client: Any = None
    assert (look(client, found) is None) == is_ready


def test_another_expression_is_refused() -> None:
    with pytest.raises(NotReadyError, match="condition=Ready"):
        waited_for(live({}, "condition=Ready"))
