"""Mistakes on a request's way: keys that clients share, bodies that fill the proxies, streams that are silent."""

from broken.change import Broken, put

TABLE = (
    *(
        Broken(
            f"{limit} requests of a client",
            (put("gateway.limits", {"requests_per_minute": limit}),),
            {("CFG-VALUE", "gateway.limits.requests_per_minute"): ("1 to 1000000",)},
        )
        for limit in (0, -1, 1e308, "many")
    ),
    Broken(
        "a limit of tokens, which the gateway does not have",
        (put("gateway.limits", {"tokens_per_minute": 10}),),
        {("CFG-UNKNOWN-KEY", "gateway.limits.tokens_per_minute"): ("requests_per_minute",)},
    ),
    Broken(
        "one key for two clients",
        (put("tenants[1]", {"name": "copied", "key_secret": "key-playground"}),),
        {
            ("SEC-SHARED-SECRET", "tenants[1].key_secret"): (
                "`key-playground` is already tenants[0].key_secret", "name a secret of its own"
            )
        },
    ),
    Broken(
        "certificate as a client's key",
        (put("tenants[0].key_secret", "gateway-certificate"),),
        {("SEC-SHARED-SECRET", "tenants[0].key_secret"): ("already gateway.certificate", "secret of its own")},
    ),
    Broken(
        "Hugging Face token as a client's key",
        (put("security", {"hugging_face_token": "hf"}), put("tenants[0].key_secret", "hf")),
        {
            ("SEC-SHARED-SECRET", "tenants[0].key_secret"): (
                "already security.hugging_face_token", "secret of its own"
            )
        },
    ),
    Broken(
        "clients whose names differ only in case",
        (put("tenants[1]", {"name": "Playground", "key_secret": "key-other"}),),
        {("CFG-VALUE", "tenants[1].name"): ('"Playground"', "lower-case letters")},
    ),
    Broken(
        "images that fill the proxies",
        (put("gateway.request_body_mib", 50), put("models[0].concurrency", 22), put("models[0].typical_tokens", 8000)),
        {
            ("PATH-MEMORY", "gateway.request_body_mib"): (
                "3,700 MiB of bodies", "2 proxies hold 1,092 MiB", "write 14 or less", "gateway.replicas.min to 7"
            )
        },
    ),
    Broken(
        "body beyond what a proxy buffers",
        (put("gateway.request_body_mib", 64),),
        {("CFG-VALUE", "gateway.request_body_mib"): ("64", "1 to 50")},
    ),
    Broken(
        "silent streams",
        (put("models[0].engine.args.sse-keep-alive-interval", 0),),
        {("ENGINE-OWNED", "models[0].engine.args.sse-keep-alive-interval"): ("the platform", "leave it out")},
    ),
    Broken(
        "drain without an end",
        (put("models[0].drain_seconds", 9000),),
        {("CFG-VALUE", "models[0].drain_seconds"): ("9000", "10 to 7200")},
    ),
)  # fmt: skip
