"""Rules about the daily export of usage: that days are still there when they are exported, and what prices are for."""

from config.wording import listed, nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.tenants import users
from planning.rules.register import Violation, Violations, stack_rule
from planning.vllm.adapters import adapters

_EXPORT, _RETENTION = "observability.usage_export", "observability.retention_days"
_PROMETHEUS = "https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects"
_OURS = "this program: charge_back/export.py"
# A day is over before it is exported, and an alert fires when two have passed without an export.
_FEWEST_DAYS = 4
# An alert of a Friday evening leaves the next week.
_GOOD_DAYS = 14


@stack_rule(
    "USAGE-RETENTION",
    "error",
    prevents="Prometheus deletes a day before it is exported: nobody is charged for it, and no file says so.",
    source=_PROMETHEUS,
    reads=(_EXPORT, _RETENTION),
)
def days_are_kept_until_an_alert(stack: Resolution) -> Violations:
    """Where usage is exported, metrics are kept until an alert about missing days has fired, and a day longer."""
    days = stack.settings.observability.retention_days
    if stack.settings.observability.usage_export is not None and days < _FEWEST_DAYS:
        yield Violation(
            _RETENTION,
            f"metrics are kept for {days} days, and usage that could not be exported is reported after two",
            f"write {_FEWEST_DAYS} or more, better {_GOOD_DAYS}",
        )


@stack_rule(
    "USAGE-CATCH-UP",
    "warning",
    prevents="An export that fails over a holiday can't be made up for: the samples of its first days are deleted.",
    source=_PROMETHEUS,
    reads=(_EXPORT, _RETENTION),
)
def there_is_time_to_catch_up(stack: Resolution) -> Violations:
    """Where usage is exported, metrics are kept for two weeks."""
    days = stack.settings.observability.retention_days
    if stack.settings.observability.usage_export is not None and _FEWEST_DAYS <= days < _GOOD_DAYS:
        yield Violation(
            _RETENTION,
            f"metrics are kept for {days} days: so long an export that fails can be made up for",
            f"write {_GOOD_DAYS} or more, and `storage_gib` for as many days",
        )


@stack_rule(
    "USAGE-PRICE-MODEL",
    "error",
    prevents="A model's usage has no charge, since its price is under a name that no request has.",
    source=_OURS,
    reads=(_EXPORT, "models"),
)
def prices_are_of_models(stack: Resolution) -> Violations:
    """Each price is of a name that tenants put into `model`."""
    export = stack.settings.observability.usage_export
    names = {name for release in stack.releases for name in _names(release)}
    for index, price in enumerate(export.prices if export is not None else ()):
        if price.model not in names:
            yield Violation(
                f"{_EXPORT}.prices[{index}].model",
                f"`{price.model}` is neither a model nor an adapter of one",
                nearest(price.model, names),
            )


@stack_rule(
    "USAGE-PRICE-MISSING",
    "warning",
    prevents="A bill of the sums of `charge_usd` leaves models out, and nobody notices.",
    source=_OURS,
    reads=(_EXPORT, "models", "tenants"),
)
def all_or_no_model_has_a_price(stack: Resolution) -> Violations:
    """Where one model has a price, each name that a tenant may use has one."""
    export = stack.settings.observability.usage_export
    if export is None or not export.prices:
        return
    used = [release for release in stack.releases if users(stack.settings.tenants, release.settings)]
    priced = {price.model for price in export.prices}
    without = sorted({name for release in used for name in _names(release)} - priced)
    if without:
        yield Violation(
            f"{_EXPORT}.prices",
            f"no price of {listed(without)}: their lines have no charge",
            "add their prices, 0 where they are free",
        )


@stack_rule(
    "USAGE-CACHED-DEARER",
    "warning",
    prevents="Tenants pay more for a prompt that was computed before than for one that the GPUs had to compute.",
    source=_OURS,
    reads=(_EXPORT,),
)
def cached_tokens_cost_no_more(stack: Resolution) -> Violations:
    """Tokens that a model had in its cache cost no more than others of prompts."""
    export = stack.settings.observability.usage_export
    for index, price in enumerate(export.prices if export is not None else ()):
        cached = price.usd_per_million_cached_tokens
        if cached is not None and cached > price.usd_per_million_input_tokens:
            yield Violation(
                f"{_EXPORT}.prices[{index}].usd_per_million_cached_tokens",
                f"{cached:g} is more than the {price.usd_per_million_input_tokens:g} of tokens that were computed",
                "write at most as much, or leave it out",
            )


def _names(release: ReleaseView) -> tuple[str, ...]:
    """What requests put into `model`: the model's name, and those of its adapters."""
    return (release.name, *(adapter.name for adapter in adapters(release.options)))
