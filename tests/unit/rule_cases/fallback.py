"""What breaks and what keeps each rule of planning/rules/fallback.py."""

from typing import Any

from rule_cases.case import BUSY, Case, Changes

CHEAP, EXPENSIVE = {"input_per_million": 0.0001}, {"input_per_million": 500.0, "output_per_million": 500.0}


def fallback(**differences: Any) -> Changes:
    """A managed model behind the first model."""
    settings = {"url": "https://api.provider.example/v1", "model": "big", "key_secret": "key-provider", **differences}
    return {"models[0].fallback": settings}


def residency(where: str) -> Changes:
    """Where the requests of the only tenant may go."""
    return {"tenants": [{"name": "playground", "key_secret": "key-playground", "data_residency": where}]}


CASES: dict[str, Case] = {
    "FALLBACK-NAME": Case(
        {**fallback(), "models[1].name": "chat-fallback"}, {**fallback(), "models[1].name": "chat-2"}
    ),
    "FALLBACK-HOST": Case(
        {**fallback(url="https://llm.acme.example/v1"), "gateway.hostname": "llm.acme.example"},
        {**fallback(url="https://llm2.acme.example/v1"), "gateway.hostname": "llm.acme.example"},
    ),
    "FALLBACK-KEPT": Case({**fallback(), **residency("cluster")}, {**fallback(), **residency("any")}),
    "FALLBACK-LEAVES": Case({**fallback(), **residency("any")}, {**fallback(), **residency("cluster")}),
    "FALLBACK-EGRESS": Case(fallback(), {**fallback(), "network.egress": "fqdn"}),
    "FALLBACK-PRICE": Case(
        {**fallback(price={**EXPENSIVE, "currency": "EUR"}), "models[0].expected": BUSY},
        {**fallback(price=EXPENSIVE), "models[0].expected": BUSY},
    ),
    "FALLBACK-CHEAPER": Case(
        {**fallback(price=CHEAP), "models[0].expected": BUSY},
        {**fallback(price=EXPENSIVE), "models[0].expected": BUSY},
    ),
}
