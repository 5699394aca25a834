"""What the simulated External Secrets operator makes of single objects: templates, ownership, refusals.

In a cluster, and beside the real one, it is tried by tests/cluster/test_external_secrets.py.
"""

from typing import Any

import pytest

from simulators.api_server.client import Object
from simulators.external_secrets import secret
from simulators.external_secrets.secret_templates import TemplateError, pem, rendered

_TRIM = '{{ index . "team-a" | trim }}'
_KEY = '{{ .pem | filterPEM "PRIVATE KEY" }}'
_COMPLETE = '{{ with .pem | filterPEM "PRIVATE KEY" }}{{ . }}{{ else }}{{ fail "no key" }}{{ end }}'
_CERTIFICATE = pem("CERTIFICATE", b"c" * 70)


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        (_TRIM, {"team-a": "\n key\r\n"}, "key"),
        (_TRIM, {}, ""),
        ("Bearer " + _TRIM, {"team-a": "key\n"}, "Bearer key"),
        (_KEY, {"pem": f"a bag\n{_CERTIFICATE}text\n{pem('PRIVATE KEY', b'k')}"}, pem("PRIVATE KEY", b"k")),
        (_KEY, {"pem": pem("PRIVATE KEY", b"k").replace("\n", "\r\n")}, pem("PRIVATE KEY", b"k")),
        # Blocks of other types alone give nothing, and so does nothing.
        (_KEY, {"pem": _CERTIFICATE}, ""),
        (_KEY, {"pem": ""}, ""),
        (_COMPLETE, {"pem": pem("PRIVATE KEY", b"k")}, pem("PRIVATE KEY", b"k")),
    ],
)
def test_a_template_is_rendered(template: str, values: dict[str, str], text: str) -> None:
    assert rendered(template, values) == text


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        (_KEY, {"pem": "no certificate"}, "found junk"),
        (_KEY, {"pem": _CERTIFICATE + "junk"}, "found junk"),
        # A block that does not begin a line is none.
        (_KEY, {"pem": pem("CERTIFICATE", b"c").rstrip("\n") + pem("PRIVATE KEY", b"k")}, "found junk"),
        (_KEY, {}, "no entry for key pem"),
        (_COMPLETE, {"pem": _CERTIFICATE}, "no key"),
    ],
)
def test_a_template_fails(template: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        rendered(template, values)


@pytest.mark.parametrize("template", ["{{ .key }}", "{{ .key | b64enc }}", "{{ if .key }}x{{ end }}"])
def test_what_is_not_simulated_is_refused(template: str) -> None:
    with pytest.raises(NotImplementedError):
        rendered(template, {"key": "value"})


def wanted(**target: Any) -> Object:
    """An ExternalSecret as a server returns it."""
    metadata = {"name": "one", "namespace": "space", "uid": "1", "generation": 1, "labels": {"of": "tests"}}
    return {"metadata": metadata, "spec": {"target": {"name": "one", "creationPolicy": "Owner", **target}}}


def test_labels_come_from_the_object_only_without_a_template() -> None:
    plain = secret.made(wanted(), None, {"key": "value"})
    templated = secret.made(wanted(template={"data": {"key": _TRIM}}), None, {"team-a": "value"})
    assert plain["metadata"]["labels"]["of"] == "tests"
    assert "of" not in templated["metadata"]["labels"]
    assert secret.is_valid(plain)
    assert not secret.is_valid({**plain, "data": {}})


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        (("external-secrets.io/v1", "ExternalSecret"), "target is owned by another ExternalSecret"),
        (("v1", "ConfigMap"), "failed to take ownership of target secret"),
    ],
)
def test_what_another_controls_is_left_alone(owner: tuple[str, str], message: str) -> None:
    reference = {"apiVersion": owner[0], "kind": owner[1], "name": "other", "uid": "2", "controller": True}
    existing = {"metadata": {"name": "one", "namespace": "space", "ownerReferences": [reference]}, "data": {}}
    with pytest.raises(secret.OwnedError, match=message):
        secret.made(wanted(), existing, {"key": "value"})


@pytest.mark.parametrize(
    "target",
    [
        {"creationPolicy": "Merge"},
        {"deletionPolicy": "Delete"},
        {"immutable": True},
        {"template": {"templateFrom": []}},
        {"template": {"engineVersion": "v1"}},
        {"template": {"mergePolicy": "Merge"}},
    ],
)
def test_a_target_that_is_not_simulated_is_refused(target: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        secret.made(wanted(**target), None, {"key": "value"})
