"""What the real engine previews and keeps of the shipped stacks, and that the embedded engine shows the same."""

import pytest

from rehearsal.outcome import plain_text_secrets
from tests.cluster.life import FromNothing
from tests.engine.comparison import embedded, embedded_stored, previewed, stored
from tests.graph.stacks import graph_of

pytestmark = pytest.mark.cluster


def test_a_first_preview_touches_nothing(life: FromNothing) -> None:
    assert life.preview.writes() == ()
    assert {call.method for call in life.preview.calls if call.provider == "kubernetes"} == {"CheckConfig"}


def test_arm_knows_every_value(life: FromNothing) -> None:
    assert life.engine.azure.warnings == set()


def test_the_embedded_engine_previews_the_same(life: FromNothing) -> None:
    real = previewed(life.preview)
    shown = embedded(graph_of(life.name))
    assert sorted(shown) == sorted(real)
    assert {urn: shown[urn] for urn in shown if shown[urn] != real[urn]} == {}


def test_the_embedded_engine_knows_the_options_of_the_state(life: FromNothing) -> None:
    real = stored(life.stack.resources())
    shown = embedded_stored(graph_of(life.name))
    assert sorted(shown) == sorted(real)
    assert {urn: (shown[urn], real[urn]) for urn in shown if shown[urn] != real[urn]} == {}


def test_the_state_holds_no_secret_of_the_cluster_in_plain_text(life: FromNothing) -> None:
    server = life.engine.kubernetes.kubeconfig["clusters"][0]["cluster"]
    needles = ["kubelogin", server["server"], server["certificate-authority-data"]]
    assert plain_text_secrets(life.stack.export(), needles) == []


def test_only_production_is_protected(life: FromNothing) -> None:
    protected = {urn for urn, resource in life.stack.resources().items() if resource.get("protect")}
    assert bool(protected) is (life.name == "prod")
    assert not any("AgentPool" in urn for urn in protected)
