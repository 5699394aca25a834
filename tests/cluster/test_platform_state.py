"""What the real engine previews and keeps of the shipped stacks, and that the embedded engine tells it the same."""

import pytest

from tests.cluster.life import FromNothing
from tests.engine.comparison import embedded, embedded_stored, previewed, stored
from tests.engine.harness import plain_text_secrets
from tests.graph.stacks import graph_of

pytestmark = pytest.mark.cluster


def test_a_first_preview_touches_nothing(life: FromNothing) -> None:
    assert life.preview.writes() == ()
    assert {call.method for call in life.preview.calls if call.provider == "kubernetes"} == {"CheckConfig"}


def test_arm_knows_every_value(life: FromNothing) -> None:
    assert life.engine.azure.warnings == set()


def test_the_embedded_engine_previews_the_same(life: FromNothing) -> None:
    real = previewed(life.preview)
    told = embedded(graph_of(life.name))
    assert sorted(told) == sorted(real)
    assert {urn: told[urn] for urn in told if told[urn] != real[urn]} == {}


def test_the_embedded_engine_knows_the_options_of_the_state(life: FromNothing) -> None:
    real = stored(life.stack.resources())
    told = embedded_stored(graph_of(life.name))
    assert sorted(told) == sorted(real)
    assert {urn: (told[urn], real[urn]) for urn in told if told[urn] != real[urn]} == {}


def test_the_state_tells_no_secret_of_the_cluster_in_plain_text(life: FromNothing) -> None:
    server = life.engine.kubernetes.kubeconfig["clusters"][0]["cluster"]
    needles = ["kubelogin", server["server"], server["certificate-authority-data"]]
    assert plain_text_secrets(life.stack.export(), needles) == []


def test_only_production_is_protected(life: FromNothing) -> None:
    protected = {urn for urn, resource in life.stack.resources().items() if resource.get("protect")}
    assert bool(protected) is (life.name == "prod")
    assert not any("AgentPool" in urn for urn in protected)
