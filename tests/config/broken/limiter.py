"""Mistakes in what counts the limits of tenants."""

from broken.change import Broken, put

_COUNTED = put("tenants[0].limits", {"requests_per_minute": 600})

TABLE = (
    Broken(
        "Redis' password is a tenant's key",
        (_COUNTED, put("limiter", {"password_secret": "key-playground"})),
        {("SEC-SHARED-SECRET", "limiter.password_secret"): ("already tenants[0].key_secret", "secret of its own")},
    ),
    Broken(
        "Redis' password itself",
        (_COUNTED, put("limiter", {"password_secret": "Zx81Kq2mWn9Lr4Tb7Vc3"})),
        {("SEC-LITERAL", "limiter.password_secret"): ("a secret in plain text", "write its name")},
        hidden=("Zx81Kq2mWn9Lr4Tb7Vc3",),
    ),
    Broken(
        "a Redis of somebody else's",
        (_COUNTED, put("limiter", {"password_secret": "redis-password", "redis": "redis.acme.example:6379"})),
        {("CFG-VALUE", "limiter.redis"): ("in-cluster", "azure")},
    ),
    Broken(
        "limits that nobody may miss, in a word that is not there",
        (_COUNTED, put("limiter", {"password_secret": "redis-password", "when_away": "closed"})),
        {("CFG-VALUE", "limiter.when_away"): ("`allow`", "`deny`")},
    ),
    *(
        Broken(
            f"{timeout} ms to be counted in",
            (_COUNTED, put("limiter", {"password_secret": "redis-password", "timeout_milliseconds": timeout})),
            {("CFG-VALUE", "limiter.timeout_milliseconds"): ("5 to 2000",)},
        )
        for timeout in (0, 4, 2001, "1s")
    ),
)
