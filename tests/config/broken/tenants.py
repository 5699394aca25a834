"""Mistakes about tenants: their models, tags, limits and keys."""

from broken.change import Broken, drop, put

_TENANT = "tenants[0]"
_LIMITS = f"{_TENANT}.limits"

TABLE = (
    Broken(
        "guarantee above the tenant's own limit",
        (
            put("tenants[0].limits", {"requests_per_minute": 60, "tokens_per_minute": {"output": 1000}}),
            put("tenants[0].guaranteed_tokens_per_minute", 2000),
        ),
        {("TENANT-PROMISE", "tenants[0].guaranteed_tokens_per_minute"): ("2000", "write 1000 or less")},
    ),
    Broken(
        "no tenants",
        (drop("tenants"),),
        {("CFG-MISSING", "tenants"): ("`tenants` is missing", "{name: team-a, models: [chat]}")},
    ),
    Broken("no tenant", (put("tenants", []),), {("CFG-VALUE", "tenants"): ("no items",)}),
    Broken(
        "clients of earlier versions",
        (put("gateway.clients", [{"name": "a", "key_secret": "key-a"}]), drop("tenants")),
        {("CFG-UNKNOWN-KEY", "gateway.clients"): ("unknown key `clients`", "llm-platform:tenants")},
    ),
    Broken(
        "model that is not there",
        (put(f"{_TENANT}.models", ["chat", "embedd"]),),
        {("TENANT-MODEL", f"{_TENANT}.models[1]"): ("`embedd` is no model", "did you mean `embed`?")},
    ),
    Broken(
        "list of models that was emptied",
        (put(f"{_TENANT}.models", []),),
        {("CFG-VALUE", _TENANT): ("`models` is an empty list, which would open all models", "remove the tenant")},
    ),
    Broken(
        "tag that no model has",
        (put(f"{_TENANT}.tags", ["internal"]), put(f"{_TENANT}.models", ["chat", "embed"])),
        {("TENANT-MODEL", f"{_TENANT}.tags[0]"): ("`internal` is a tag of no model", "models[].tags")},
    ),
    Broken(
        "tag in capitals",
        (put("models[0].tags", ["Internal"]),),
        {("CFG-VALUE", "models[0].tags[0]"): ('"Internal"',)},
    ),
    Broken("models as text", (put(f"{_TENANT}.models", "chat"),), {("CFG-VALUE", f"{_TENANT}.models"): ("a list",)}),
    Broken(
        "month smaller than a minute",
        (
            put(_LIMITS, {"tokens_per_minute": {"output": 5000}, "tokens_per_month": {"output": 4000}}),
            put("limiter", {"password_secret": "redis-password"}),
        ),
        {("TENANT-MONTH", f"{_LIMITS}.tokens_per_month.output"): ("4000", "write 5000 or more")},
    ),
    Broken(
        "limit of nothing",
        (put(_LIMITS, {"tokens_per_minute": {}}),),
        {("CFG-VALUE", f"{_LIMITS}.tokens_per_minute"): ("no kind of token", "{input: …, output: …}")},
    ),
    Broken(
        "limit of zero",
        (put(_LIMITS, {"requests_per_minute": 0}),),
        {("CFG-VALUE", f"{_LIMITS}.requests_per_minute"): ("1 to 1000000",)},
    ),
    Broken(
        "more tokens than can be counted",
        (put(_LIMITS, {"tokens_per_month": {"input": 5_000_000_000}}),),
        {("CFG-VALUE", f"{_LIMITS}.tokens_per_month.input"): ("4294967295",)},
    ),
    Broken(
        "tokens in all",
        (put(_LIMITS, {"tokens_per_minute": 1000}),),
        {("CFG-VALUE", f"{_LIMITS}.tokens_per_minute"): ("a mapping",)},
    ),
    Broken(
        "kind of token that is not there",
        (put(_LIMITS, {"tokens_per_minute": {"total": 1000}}),),
        {("CFG-UNKNOWN-KEY", f"{_LIMITS}.tokens_per_minute.total"): ("`input`", "`cached`", "`output`")},
    ),
    Broken(
        "priority as a number",
        (put(f"{_TENANT}.priority", 1),),
        {("CFG-VALUE", f"{_TENANT}.priority"): ("`high`", "`normal`", "`low`")},
    ),
    Broken(
        "residency in a country",
        (put(f"{_TENANT}.data_residency", "eu"),),
        {("CFG-VALUE", f"{_TENANT}.data_residency"): ("`cluster`", "`any`")},
    ),
)
