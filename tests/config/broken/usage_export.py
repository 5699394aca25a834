"""Mistakes in the daily export of usage."""

from broken.change import Broken, put

_EXPORT = "observability.usage_export"
_SINCE = {"since": "2026-12-01"}
_GROUP = "00000000-0000-4000-8000-000000000003"


def _price(model: str, **keys: object) -> dict[str, object]:
    return {"model": model, "usd_per_million_input_tokens": 0.2, **keys}


_ALL = [_price("chat"), _price("embed")]

TABLE = (
    Broken(
        "an export without its first day",
        (put(_EXPORT, {}),),
        {("CFG-MISSING", f"{_EXPORT}.since"): ("2026-12-01",)},
    ),
    *(
        Broken(
            f"a first day of {day}",
            (put(_EXPORT, {"since": day}),),
            {("CFG-VALUE", f"{_EXPORT}.since"): (fix,)},
        )
        for day, fix in {
            "tomorrow": '"tomorrow" is no day',
            "2025-12-31": "before 2026-01-01",
            "2026-02-30": 'write one as "2026-12-01"',
            "20261201": 'write "2026-12-01"',
            "2026-12-01T00:00:00Z": 'write one as "2026-12-01"',
        }.items()
    ),
    Broken(
        "a year as the first day",
        (put(_EXPORT, {"since": 2026}),),
        {("CFG-QUOTE", f"{_EXPORT}.since"): ("2026",)},
    ),
    *(
        Broken(
            f"files kept for {days} days",
            (put(_EXPORT, {**_SINCE, "keep_days": days}),),
            {("CFG-VALUE", f"{_EXPORT}.keep_days"): ("62 to 3653",)},
        )
        for days in (0, 61, 3654, "1y")
    ),
    Broken(
        "metrics deleted before anybody knows that a day is missing",
        (put(_EXPORT, _SINCE), put("observability.retention_days", 2)),
        {("USAGE-RETENTION", "observability.retention_days"): ("2 days", "write 4 or more, better 14")},
    ),
    Broken(
        "a price of a model that is not there",
        (put(_EXPORT, {**_SINCE, "prices": [*_ALL, _price("chatt")]}),),
        {("USAGE-PRICE-MODEL", f"{_EXPORT}.prices[2].model"): ("`chatt`", "chat")},
    ),
    Broken(
        "two prices of one model",
        (put(_EXPORT, {**_SINCE, "prices": [*_ALL, _price("chat")]}),),
        {("CFG-VALUE", _EXPORT): ("two of `prices` are for the model `chat`", "remove one of them")},
    ),
    Broken(
        "a price below zero",
        (put(_EXPORT, {**_SINCE, "prices": [_price("chat", usd_per_million_output_tokens=-1), _price("embed")]}),),
        {("CFG-VALUE", f"{_EXPORT}.prices[0].usd_per_million_output_tokens"): ("-1 is below 0",)},
    ),
    Broken(
        "a price in words",
        (
            put(
                _EXPORT,
                {**_SINCE, "prices": [{"model": "chat", "usd_per_million_input_tokens": "20 cents"}, _price("embed")]},
            ),
        ),
        {("CFG-VALUE", f"{_EXPORT}.prices[0].usd_per_million_input_tokens"): ("20 cents", "price in USD")},
    ),
    Broken(
        "readers by the name of their group",
        (put(_EXPORT, {**_SINCE, "readers": ["finance"]}),),
        {("CFG-VALUE", f"{_EXPORT}.readers[0]"): ("finance", "GUID")},
    ),
    Broken(
        "readers by an id in upper case",
        (put(_EXPORT, {**_SINCE, "readers": [_GROUP.replace("3", "A")]}),),
        {("CFG-VALUE", f"{_EXPORT}.readers[0]"): ("00A", "lower case")},
    ),
    Broken(
        "a reader twice",
        (put(_EXPORT, {**_SINCE, "readers": [_GROUP, _GROUP]}),),
        {("LIST-TWICE", f"{_EXPORT}.readers[1]"): ("already", "leave it out")},
    ),
    Broken(
        "prices for the whole platform",
        (put(_EXPORT, {**_SINCE, "usd_per_million_tokens": 0.2}),),
        {("CFG-UNKNOWN-KEY", f"{_EXPORT}.usd_per_million_tokens"): ("keep_days", "prices")},
    ),
    Broken(
        "a server that doesn't say what of a prompt came from its cache",
        (put(_EXPORT, _SINCE), put("models[0].engine.args", {"enable-prompt-tokens-details": False})),
        {
            ("TENANT-OPTION", "models[0].engine.args.enable-prompt-tokens-details"): (
                "limits or exported usage",
                "leave it out",
            )
        },
    ),
)
