"""Mistakes in what is recorded of costs."""

from broken.change import Broken, put

_COSTS = "observability.costs"

TABLE = (
    Broken("costs switched on", (put(_COSTS, True),), {("CFG-VALUE", _COSTS): ("budget_usd_per_month",)}),
    Broken(
        "a budget of nothing",
        (put(_COSTS, {"budget_usd_per_month": 0}),),
        {("CFG-VALUE", f"{_COSTS}.budget_usd_per_month"): ("from 1",)},
    ),
    Broken(
        "a budget with its currency",
        (put(_COSTS, {"budget_usd_per_month": "20000 USD"}),),
        {("CFG-VALUE", f"{_COSTS}.budget_usd_per_month"): ("USD",)},
    ),
    Broken(
        "a share in percent",
        (put(_COSTS, {"idle_share": 60}),),
        {("CFG-VALUE", f"{_COSTS}.idle_share"): ("up to 0.99",)},
    ),
    Broken(
        "a budget with a wrong name",
        (put(_COSTS, {"budget_usd_month": 20000}),),
        {("CFG-UNKNOWN-KEY", f"{_COSTS}.budget_usd_month"): ("budget_usd_per_month",)},
    ),
)
