"""Stack files with content safety, for tests."""

from typing import Any

IMAGE = {"repository": "platform/guardrails", "digest": "sha256:" + "a" * 64}
LLAMA_GUARD = {"huggingface": "meta-llama/Llama-Guard-3-8B", "revision": "7327bd9f6efbbe6101dc6cc4736302b3cbb6e425"}


def safe(sections: dict[str, Any], **policy: Any) -> None:
    """Add a policy `standard` for the first model, with Azure's service unless it says otherwise."""
    whole = {"name": "standard", "guard": {"azure": {}}, **policy}
    sections["safety"] = {"processor_image": IMAGE, "policies": [whole]}
    sections["models"][0]["safety"] = "standard"


def guarded(sections: dict[str, Any], **policy: Any) -> None:
    """Add a guard model, and the policy with it."""
    first = sections["models"][0]
    sections["models"].append(
        {
            **{key: first[key] for key in ("pool", "slice") if key in first},
            "name": "guard",
            "source": LLAMA_GUARD,
            "context": 8192,
            "concurrency": 8,
            "replicas": {"min": 1, "max": 1},
        }
    )
    sections["security"]["hugging_face_token"] = "hugging-face-token"  # a secret's name
    safe(sections, **{"guard": {"model": "guard"}, **policy})
