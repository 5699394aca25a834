"""Mistakes that would open a stack, show a secret, or hide behind a value that is legal by itself."""

from broken.change import Broken, put
from broken.engine import argument, finding

_ENDPOINT = "otlp-traces-endpoint"
_RANGES = "cluster.api_server.authorized_ranges"
_KEY = "tenants[0].key_secret"

TABLE = (
    Broken(
        "option of vLLM hidden in a list",
        argument("allowed-media-domains", ["a.example", "--trust-remote-code"]),
        finding("ENGINE-DASH", "allowed-media-domains", '"--trust-remote-code"', "leave it out"),
    ),
    Broken(
        "option of vLLM hidden in a value",
        argument(_ENDPOINT, "--trust-remote-code"),
        {
            **finding("ENGINE-DASH", _ENDPOINT, '"--trust-remote-code"', "leave it out"),
            **finding("ENGINE-FORBIDDEN", _ENDPOINT, "sends traces", "engine.unsafe: [{flag: otlp-traces-endpoint"),
        },
    ),
    Broken(
        "fraction below zero, which vLLM reads as a key of an option",
        argument("allowed-media-domains", ["a.example", -1.5]),
        finding("ENGINE-DASH", "allowed-media-domains", "-1.5", "leave it out"),
    ),
    Broken(
        "class in a mapping that the server imports",
        argument("compilation-config", {"inductor_passes": {"a": "acme.run"}}),
        finding("ENGINE-FORBIDDEN", "compilation-config.inductor_passes", "imports", "loads code"),
    ),
    Broken(
        "key of a mapping that nobody has looked at",
        argument("hf-overrides", {"something_new": 1}),
        finding("ENGINE-FORBIDDEN", "hf-overrides.something_new", "in no class of the catalog"),
    ),
    Broken(
        "adapter whose repository may change",
        (*argument("enable-lora", True), *argument("lora-modules", ["support=acme/support"])),
        finding("ENGINE-FORBIDDEN", "lora-modules", "newest commit", "unpinned source"),
    ),
    Broken(
        "opening that no option needs",
        (put("models[0].engine.unsafe", [{"flag": "middleware", "reason": "an old trial"}]),),
        {("ENGINE-UNSAFE-UNUSED", "models[0].engine.unsafe[0].flag"): ("opens nothing", "leave it out")},
    ),
    Broken(
        "opening in production that production hasn't accepted",
        (
            put("platform.environment", "prod"),
            put("observability.audit", {}),
            *argument("tokenizer", "acme/tokenizer"),
            put("models[0].engine.unsafe", [{"flag": "tokenizer", "reason": "a trial"}]),
        ),
        {("ENGINE-UNSAFE-PROD", "models[0].engine.unsafe[0]"): ("this is production", "prod: true")},
    ),
    Broken(
        "server of tools that runs code",
        argument("tool-server", "demo"),
        finding("ENGINE-FORBIDDEN", "tool-server", "runs code", "leave it out"),
    ),
    Broken(
        "classes of one's own in the server",
        (*argument("middleware", "acme.Middleware"), *argument("worker-cls", "acme.Worker")),
        {
            **finding("ENGINE-FORBIDDEN", "middleware", "runs code"),
            **finding("ENGINE-FORBIDDEN", "worker-cls", "runs code"),
        },
    ),
    Broken(
        "tensors of clients in place of images",
        argument("enable-mm-embeds", True),
        finding("ENGINE-FORBIDDEN", "enable-mm-embeds", "tensors from clients"),
    ),
    Broken(
        "API server open to much of the internet by several ranges",
        (put(_RANGES, [f"{first}.0.0.0/8" for first in (20, 21, 22, 23)]),),
        {("API-RANGES", f"{_RANGES}[0]"): ("more addresses than a /8",)},
    ),
    Broken(
        "more ranges than AKS takes",
        (put(_RANGES, [f"203.0.{host // 256}.{host % 256}/32" for host in range(2001)]),),
        {("API-RANGES", _RANGES): ("2001 ranges", "2000")},
    ),
    Broken(
        "two zones that don't exist",
        (put("pools[0].zones", ["4", "eastus-1"]),),
        {
            ("CFG-VALUE", "pools[0].zones[0]"): ('"4" is not one of',),
            ("CFG-VALUE", "pools[0].zones[1]"): ('"eastus-1" is not one of',),
        },
    ),
    Broken(
        "zones that don't exist in three places",
        (put("cluster.system_pool.zones", ["5", "6"]), put("network", {"nat_zones": ["7", "8", "9"]})),
        {
            ("CFG-VALUE", "cluster.system_pool.zones[0]"): ('"5"',),
            ("CFG-VALUE", "cluster.system_pool.zones[1]"): ('"6"',),
            ("CFG-VALUE", "network.nat_zones[0]"): ('"7"',),
            ("CFG-VALUE", "network.nat_zones[1]"): ('"8"',),
            ("CFG-VALUE", "network.nat_zones[2]"): ('"9"',),
        },
    ),
    Broken(
        "more replicas than anybody runs",
        (put("models[0].replicas.max", 10_000_000),),
        {("CFG-VALUE", "models[0].replicas.max"): ("10000000 is above 1000",)},
    ),
    Broken(
        "more nodes than AKS has in a pool",
        (put("pools[0].nodes.max", 1001),),
        {("CFG-VALUE", "pools[0].nodes.max"): ("1001 is above 1000",)},
    ),
    Broken(
        "throughput without bounds",
        (put("models[0].expected", {"input_tokens_per_second": 1e308, "output_tokens_per_second": 1e308}),),
        {
            ("CFG-VALUE", "models[0].expected.input_tokens_per_second"): ("is above 1e+09",),
            ("CFG-VALUE", "models[0].expected.output_tokens_per_second"): ("is above 1e+09",),
        },
    ),
    Broken(
        "disk larger than Azure has",
        (put("observability.storage_gib", 40_000),),
        {("CFG-VALUE", "observability.storage_gib"): ("40000 is above 32767",)},
    ),
    Broken(
        "offset of no place on earth",
        (put("cluster.maintenance.utc_offset", "+14:30"),),
        {("CFG-VALUE", "cluster.maintenance.utc_offset"): ("wrong form", '"+01:00"')},
    ),
    Broken(
        "key in place of its name",
        (put(_KEY, "Sup3r/Key+x=="),),
        {("CFG-VALUE", _KEY): ("not shown", "wrong form")},
        hidden=("Sup3r",),
    ),
    Broken(
        "number in place of a secret's name",
        (put(_KEY, 8273645119),),
        {("CFG-QUOTE", _KEY): ("not shown", "in quotes")},
        hidden=("8273645119",),
    ),
    Broken(
        "token of Docker Hub in place of its name",
        (put("registry.docker_hub.token_secret", "dckr/pat_Zq8"),),
        {("CFG-VALUE", "registry.docker_hub.token_secret"): ("not shown", "wrong form")},
        hidden=("dckr", "Zq8"),
    ),
    Broken(
        "password in an address",
        argument(_ENDPOINT, "https://vllm:pAssw0rd@collector.acme.example"),
        finding("SEC-LITERAL", _ENDPOINT, "plain text"),
        hidden=("pAssw0rd",),
    ),
    Broken(
        "empty key",
        (),
        {("CFG-NAMESPACE", "(empty key)"): ("has no namespace",)},
        text=lambda text: f'{text}  "": 1\n',
    ),
)
