"""What clients may name is what the gateway routes: models, and the adapters that their servers load."""

from typing import Any

from tests.graph.stacks import graph_of


def with_adapters(sections: dict[str, Any]) -> None:
    engine = sections["models"][0]["engine"]
    engine["unsafe"] = [{"flag": "lora-modules", "reason": "our own repositories"}]
    arguments = engine["args"]
    arguments |= {
        "enable-lora": True,
        "max-loras": 2,
        "lora-modules": ["support=acme/support-lora", {"name": "sales", "path": "acme/sales-lora"}],
    }


def inputs() -> list[dict[str, Any]]:
    entries: list[Any] = graph_of("dev", with_adapters).to_json()
    return [entry["inputs"] for entry in entries if "inputs" in entry]


def test_each_adapter_is_a_name_of_its_models_rule() -> None:
    routes = {item["metadata"]["name"]: item["spec"] for item in inputs() if item.get("kind") == "AIGatewayRoute"}
    (rule,) = routes["chat"]["rules"]
    headers = [header for match in rule["matches"] for header in match["headers"]]
    assert headers == [{"type": "RegularExpression", "name": "x-ai-eg-model", "value": "(chat|support|sales)"}]
    assert [match["headers"][0]["value"] for match in routes["embed"]["rules"][0]["matches"]] == ["embed"]


def test_the_server_loads_the_adapters_that_are_routed() -> None:
    files = [text for item in inputs() for text in (item.get("data") or {}).values() if isinstance(text, str)]
    (chat,) = (text for text in files if 'served-model-name: "chat"' in text)
    assert "support=acme/support-lora" in chat
    assert '{\\"name\\": \\"sales\\"' in chat
