"""What breaks and what keeps each rule of planning/rules/security.py."""

from planning_stacks import model

from rule_cases.case import GATED, Case
from rule_cases.observability import mail_with_password, receivers

IN_STORE = model("chat", "h100", source={"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}, slice="3g.47gb")

CASES: dict[str, Case] = {
    "SEC-BOOTSTRAP": Case({}, {}, bootstrap=("hf-token", "key-playground")),
    "SEC-HF-TOKEN": Case(
        {"models[0].source": GATED},
        {"models[0].source": GATED, "security.hugging_face_token": "hugging-face"},
    ),
    "SEC-TOKEN-UNREAD": Case(
        {"models": [IN_STORE], "security.hugging_face_token": "hugging-face"},
        {"models[0].source": IN_STORE["source"], "security.hugging_face_token": "hugging-face"},
    ),
    "SEC-SHARED-SECRET": Case(
        {"gateway.clients[1]": {"name": "other", "key_secret": "key-playground"}},
        {
            "gateway.clients[1]": {"name": "other", "key_secret": "key-other"},
            **receivers(mail_with_password("first"), mail_with_password("second")),
        },
    ),
}
