"""Azure's stand-in refuses the cache rules that Azure refuses."""

import pytest

from simulators.azure.artifact_cache import refusal


def rule(source: str, target: str, credentials: str | None = None) -> dict[str, str | None]:
    return {"sourceRepository": source, "targetRepository": target, "credentialSetResourceId": credentials}


@pytest.mark.parametrize(
    ("wanted", "before", "why"),
    [
        (rule("ghcr.io/*", "ghcr.io/*"), [], None),
        (rule("docker.io/*", "docker.io/*", "/credentialSets/docker-hub"), [rule("ghcr.io/*", "ghcr.io/*")], None),
        (rule("docker.io/*", "docker.io/*"), [], "CredentialSetRequired"),
        (rule("nvcr.io/*", "nvcr.io/*"), [], "UpstreamNotSupported"),
        (rule("quay.io/*", "library/*"), [rule("ghcr.io/*", "*")], "Overlaps"),
        (rule("quay.io/*", "library/dotnet/*"), [rule("ghcr.io/*", "library/*")], "Overlaps"),
        (rule("quay.io/a", "a"), [rule("ghcr.io/*", "*")], None),
        (rule("quay.io/a", "a"), [rule("ghcr.io/a", "a")], "Overlaps"),
    ],
)
def test_a_rule_is_taken_or_refused(wanted: dict[str, str], before: list[dict[str, str]], why: str | None) -> None:
    found = refusal(wanted, before)
    assert found is None if why is None else why in str(found)
