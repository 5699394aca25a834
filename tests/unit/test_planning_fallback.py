"""What a managed model behind one of our models costs beside it, and what its settings come to."""

from typing import Any

import pytest
from planning_stacks import plan

from config.fallback import Fallback

_RATES = {"input_tokens_per_second": 3000, "output_tokens_per_second": 1000.0}
_PRICE = {"input_per_million": 0.2, "output_per_million": 1.0}
_APIS = {"managed_apis": [{"name": "other", "usd_per_million_input_tokens": 9.0}]}


def _break_even(price: dict[str, Any] | None, **more: Any) -> Any:
    fallback = {"url": "https://api.provider.example/v1", "model": "big", "key_secret": "key-provider", "price": price}
    expected = {**_RATES, **more.pop("expected", {})}
    tokens = plan({"models[0].fallback": fallback, "models[0].expected": expected, **more}).cost.models[0].tokens
    assert tokens is not None
    return tokens.break_even


def test_the_break_even_is_against_the_price_of_the_provider_behind_the_model() -> None:
    found = _break_even(_PRICE)
    assert found.managed_api == "api.provider.example"
    # Three prompt tokens at 0.2 and one answer token at 1.0.
    assert found.managed_per_million == pytest.approx(0.4)
    assert found.first_tokens_per_month == pytest.approx(3.49 * 730 / 0.4 * 1e6, rel=1e-6)


def test_an_api_that_the_operator_compares_with_comes_first() -> None:
    assert _break_even(_PRICE, expected={"instead_of": "other"}, cost=_APIS).managed_api == "other"


@pytest.mark.parametrize("price", [None, {**_PRICE, "currency": "EUR"}])
def test_an_unknown_price_is_compared_with_nothing(price: dict[str, Any] | None) -> None:
    assert _break_even(price) is None


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://api.openai.com/v1", "api.openai.com", "/v1"),
        ("https://acme.services.ai.azure.com/openai/v1", "acme.services.ai.azure.com", "/openai/v1"),
        ("https://provider.example", "provider.example", ""),
    ],
)
def test_an_address_is_a_host_and_what_comes_before_the_paths_of_the_api(url: str, host: str, path: str) -> None:
    found = Fallback(url=url, model="big", key_secret="key")
    assert (found.host, found.path, found.named) == (host, path, "big")


def test_a_deployment_is_the_models_name_there() -> None:
    azure = {"endpoint": "https://acme.openai.azure.com", "deployment": "gpt-5", "api_version": "2024-10-21"}
    found = Fallback.model_validate({"azure_openai": azure, "key_secret": "key"})
    assert (found.host, found.path, found.named) == ("acme.openai.azure.com", "", "gpt-5")
