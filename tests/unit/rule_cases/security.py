"""What breaks and what keeps each rule of planning/rules/security.py."""

from rule_cases.case import GATED, Case
from rule_cases.observability import mail_with_password, receivers

IN_STORE = {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}

CASES: dict[str, Case] = {
    "SEC-BOOTSTRAP": Case({}, {}, bootstrap=("hf-token", "key-playground")),
    "SEC-HF-TOKEN": Case(
        {"models[0].source.gated": True},
        {"models[0].source": GATED, "security.hugging_face_token": "hugging-face"},
    ),
    "SEC-TOKEN-UNREAD": Case(
        {"models[0].source": IN_STORE, "security.hugging_face_token": "hugging-face"},
        {"models[1].source.gated": True, "security.hugging_face_token": "hugging-face"},
    ),
    "SEC-SHARED-SECRET": Case(
        {"tenants[1]": {"name": "other", "key_secret": "key-playground"}},
        {
            "tenants[1]": {"name": "other", "key_secret": "key-other"},
            **receivers(mail_with_password("first"), mail_with_password("second")),
        },
    ),
}
