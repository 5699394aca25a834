"""kubectl and the API server stay within the minor versions that are supported together."""

import pytest
from upgrade_pins import moved


@pytest.mark.parametrize(
    ("cluster", "before", "after", "expected", "do"),
    [
        ("1.35", "v1.33.1", "v1.36.4", "safe", None),
        ("1.36", "v1.33.1", "v1.36.4", "safe", None),
        ("1.37", "v1.33.1", "v1.36.4", "safe", None),
        ("1.34", "v1.33.1", "v1.36.4", "blocked", "move kubernetes to 1.35 first"),
        ("1.37", "v1.33.1", "v1.35.9", "manual", "move kubernetes to 1.36 first"),
        ("1", "v1.35.9", "v1.36.4", "unknown", None),
    ],
)
def test_kubectl_stays_within_a_minor_version_of_the_api_server(
    cluster: str, before: str, after: str, expected: str, do: str | None
) -> None:
    kept = {"kubernetes": cluster}
    move = moved({**kept, "kubectl": before}, {**kept, "kubectl": after})["kubectl"]
    assert move.verdict == expected
    assert move.do == do
    if do is not None:
        assert f"after the move kubectl is {after} and kubernetes {cluster}" in move.why


@pytest.mark.parametrize(
    ("before", "after", "kubectl", "expected"),
    [
        ("1.36", "1.37", "v1.35.9", "blocked"),
        ("1.36", "1.37", "v1.36.4", "manual"),
        ("1.33", "1.34", "v1.36.4", "manual"),
    ],
)
def test_kubernetes_does_not_leave_kubectl_behind(before: str, after: str, kubectl: str, expected: str) -> None:
    move = moved({"kubernetes": before, "kubectl": kubectl}, {"kubernetes": after, "kubectl": kubectl})["kubernetes"]
    assert move.verdict == expected
    assert ("move kubectl to 1.36 first" in (move.do or "")) == (expected == "blocked")
