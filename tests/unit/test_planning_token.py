"""The Hugging Face token reaches the models' namespace only where a model is downloaded with it."""

from typing import Any

from planning_stacks import model, plan, planned

TOKEN = {"security.hugging_face_token": "hf-token"}
STORE = {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}
ALL_IN_STORE: dict[str, Any] = {"models": [model("chat", "h100", source=STORE, slice="3g.47gb")], **TOKEN}
ONE_IN_STORE: dict[str, Any] = {"models[0].source": STORE, **TOKEN}


def test_a_token_that_no_model_reads_is_not_copied_into_the_cluster() -> None:
    made = plan(ALL_IN_STORE)
    assert (made.serving.hugging_face_secret, made.serving.hugging_face_key) == (None, None)
    assert made.serving.namespace not in made.secrets.namespaces
    assert [item.token_secret for item in made.models] == [None]


def test_it_need_not_be_in_the_vault_either() -> None:
    notes = {item.rule: item.message for item in planned(ALL_IN_STORE).findings}
    assert "hf-token" in notes["SEC-TOKEN-UNREAD"]
    assert "hf-token" not in notes["VAULT-SECRETS"]


def test_one_model_that_is_downloaded_is_enough() -> None:
    made = plan(ONE_IN_STORE)
    assert (made.serving.hugging_face_secret, made.serving.hugging_face_key) == ("hugging-face", "hf-token")
    assert made.serving.namespace in made.secrets.namespaces
    assert [item.token_secret for item in made.models] == [None, "hugging-face"]
    notes = {item.rule: item.message for item in planned(ONE_IN_STORE).findings}
    assert "SEC-TOKEN-UNREAD" not in notes
    assert "hf-token" in notes["VAULT-SECRETS"]
