"""Rules about prices of tokens that the stack file states: what is left out costs nothing, perhaps by mistake."""

from config.base import Section
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule, stack_rule
from planning.vllm.adapters import adapters

_PRICES = "observability.usage_export.prices"
_OUTPUT = "usd_per_million_output_tokens"
_OURS = "this program: a price that is left out is 0"


def _writes(release: ReleaseView) -> bool:
    """Whether the model is known to write answers."""
    return release.architecture is not None and release.architecture.task == "generate"


def _left_out(price: Section, key: str) -> bool:
    return key not in price.model_fields_set


@stack_rule(
    "USAGE-PRICE-ANSWERS",
    "warning",
    prevents="Tenants pay nothing for answers, which take most of the GPUs' time.",
    source=_OURS,
    reads=(_PRICES, "models"),
)
def answers_have_a_price(stack: Resolution) -> Violations:
    """Where a model that writes answers has a price for charge-back, its answers have one too."""
    export = stack.settings.observability.usage_export
    names = {
        name
        for release in stack.releases
        if _writes(release)
        for name in (release.name, *(adapter.name for adapter in adapters(release.options)))
    }
    for index, price in enumerate(export.prices if export is not None else ()):
        if price.model in names and _left_out(price, _OUTPUT):
            yield Violation(
                f"{_PRICES}[{index}]",
                f"`{price.model}` writes answers, and without `{_OUTPUT}` they are free",
                f"add {_OUTPUT}, 0 where answers are to be free",
            )


@release_rule(
    "FALLBACK-PRICE-ANSWERS",
    "warning",
    prevents="A managed model looks cheaper than it is, and ours as if they never paid off.",
    source=f"{_OURS}; planning/money/tokens.py",
    model=("fallback", "source"),
)
def managed_answers_have_a_price(_: Resolution, release: ReleaseView) -> Violations:
    """Where the price of a managed model that writes answers is stated, it is that of answers too."""
    fallback = release.settings.fallback
    price = fallback.price if fallback is not None else None
    if price is not None and _writes(release) and _left_out(price, "output_per_million"):
        yield Violation(
            f"{release.path}.fallback.price",
            "without `output_per_million` answers cost nothing, and with that price both are compared",
            "add output_per_million, 0 where the provider charges nothing for answers",
        )


@release_rule(
    "COST-PRICE-ANSWERS",
    "warning",
    prevents="A managed API looks cheaper than it is, and ours as if they never paid off.",
    source=f"{_OURS}; planning/money/tokens.py",
    model=("expected", "source"),
    reads=("cost.managed_apis",),
)
def compared_answers_have_a_price(stack: Resolution, release: ReleaseView) -> Violations:
    """Where a model that writes answers is compared with a managed API, that API has a price of answers."""
    expected = release.settings.expected
    for index, api in enumerate(stack.settings.cost.managed_apis):
        if expected is not None and api.name == expected.instead_of and _writes(release) and _left_out(api, _OUTPUT):
            yield Violation(
                f"cost.managed_apis[{index}]",
                f"`{release.name}` is compared with `{api.name}`, and without `{_OUTPUT}` answers cost nothing there",
                f"add {_OUTPUT}, 0 where the provider charges nothing for answers",
            )
