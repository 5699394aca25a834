"""The Hugging Face token reaches the pods of models that sign in with it, and no others."""

from typing import Any

import pytest
from planning_stacks import model, plan, planned
from rule_cases.case import GATED, OWN

TOKEN = {"security.hugging_face_token": "hf-token"}
STORE = {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}
OPEN = {"huggingface": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"}
ALL_IN_STORE: dict[str, Any] = {"models": [model("chat", "h100", source=STORE, slice="3g.47gb")], **TOKEN}
ONE_IN_STORE: dict[str, Any] = {"models[0].source": STORE, "models[1].source.gated": True, **TOKEN}


def two_models(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A stack with these sources of its two models, and a token."""
    return {"models[0].source": first, "models[1].source": second, **TOKEN}


def test_a_token_that_no_model_reads_is_not_copied_into_the_cluster() -> None:
    made = plan(ALL_IN_STORE)
    assert (made.serving.hugging_face_secret, made.serving.hugging_face_key) == (None, None)
    assert made.serving.namespace not in made.secrets.stores
    assert made.serving.secret_store is None
    assert [item.token_secret for item in made.models] == [None]


@pytest.mark.parametrize("changes", [ALL_IN_STORE, two_models(OPEN, OPEN)], ids=["in the store", "open to everybody"])
def test_it_need_not_be_in_the_vault_either(changes: dict[str, Any]) -> None:
    notes = {item.rule: item.message for item in planned(changes).findings}
    assert "hf-token" in notes["SEC-TOKEN-UNREAD"]
    assert "hf-token" not in notes["VAULT-SECRETS"]


def test_one_model_that_signs_in_is_enough() -> None:
    made = plan(ONE_IN_STORE)
    assert (made.serving.hugging_face_secret, made.serving.hugging_face_key) == ("hugging-face", "hf-token")
    assert made.serving.namespace in made.secrets.stores
    assert made.serving.secret_store is not None
    assert [item.token_secret for item in made.models] == [None, "hugging-face"]
    notes = {item.rule: item.message for item in planned(ONE_IN_STORE).findings}
    assert "SEC-TOKEN-UNREAD" not in notes
    assert "hf-token" in notes["VAULT-SECRETS"]


def test_a_model_whose_options_name_other_repositories_gets_it() -> None:
    """An adapter may be gated or private although its model is not."""
    adapter = {
        "args": {"enable-lora": True, "max-lora-rank": 16, "lora-modules": ["support=acme/support-lora"]},
        "unsafe": [{"flag": "lora-modules", "reason": "ours"}],
    }
    made = plan({**two_models(OPEN, {**OPEN, "gated": True}), "models[0].engine": adapter})
    assert [item.token_secret for item in made.models] == ["hugging-face", "hugging-face"]


@pytest.mark.parametrize(
    ("source", "gets_it"),
    [
        pytest.param(GATED, True, id="gated by the catalog"),
        pytest.param(OPEN, False, id="open by the catalog"),
        # Nobody knows: what would be refused without it gets it.
        pytest.param({**OPEN, "hf_config": OWN}, True, id="not in the catalog"),
        pytest.param({**OPEN, "hf_config": OWN, "gated": False}, False, id="not in the catalog, and open"),
        pytest.param({**OPEN, "gated": True}, True, id="gated by the stack file"),
        pytest.param({**GATED, "gated": False}, False, id="open by the stack file"),
        pytest.param(STORE, False, id="in the store"),
    ],
)
def test_a_model_gets_the_token_unless_it_is_known_to_need_none(source: dict[str, Any], gets_it: bool) -> None:
    made = plan(two_models(source, {**OPEN, "gated": True}))
    assert [item.token_secret for item in made.models] == ["hugging-face" if gets_it else None, "hugging-face"]


def test_what_the_stack_file_calls_gated_needs_a_token() -> None:
    without = {"models[0].source": {**OPEN, "gated": True}}
    assert "SEC-HF-TOKEN" in {item.rule for item in planned(without).findings}
    assert "SEC-HF-TOKEN" not in {item.rule for item in planned({**without, **TOKEN}).findings}
    assert "SEC-HF-TOKEN" not in {
        item.rule for item in planned({"models[0].source": {**GATED, "gated": False}}).findings
    }


def test_only_models_in_the_store_have_an_identity_in_the_cloud() -> None:
    made = plan({"models[0].source": STORE})
    assert [item.has_identity for item in made.models] == [True, False]
    assert [bool(item.releases[0].pod.labels) for item in made.models] == [True, False]
    accounts = {identity.service_account for identity in made.foundation.pod_identities}
    assert {item.service_account for item in made.models} & accounts == {made.models[0].service_account}
