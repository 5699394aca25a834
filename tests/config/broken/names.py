"""Keys misspelt at every level, names that Azure refuses, and names given twice."""

from broken.change import Broken, copy, drop, put, rename

TABLE = (
    Broken(
        "misspelt section",
        (rename("gateway", "gatway"),),
        {("CFG-UNKNOWN-KEY", "gatway"): ("did you mean `gateway`?", "`observability`")},
    ),
    Broken(
        "misspelt key of a section",
        (rename("platform.region", "regoin"),),
        {("CFG-UNKNOWN-KEY", "platform.regoin"): ("did you mean `region`?", "`suffix`")},
    ),
    Broken(
        "misspelt key of a pool",
        (rename("pools[0].vm_size", "vmsize"),),
        {("CFG-UNKNOWN-KEY", "pools[0].vmsize"): ("did you mean `vm_size`?", "`rotation`")},
    ),
    Broken(
        "misspelt key of a model",
        (rename("models[0].replicas", "replica"),),
        {("CFG-UNKNOWN-KEY", "models[0].replica"): ("did you mean `replicas`?", "`concurrency`")},
    ),
    Broken(
        "misspelt key of the engine",
        (rename("models[0].engine.tensor_parallel", "tensor_paralel"),),
        {("CFG-UNKNOWN-KEY", "models[0].engine.tensor_paralel"): ("did you mean `tensor_parallel`?",)},
    ),
    Broken(
        "misspelt key deep inside",
        (put("observability.alerts", {"first_token_second": 3.0}),),
        {("CFG-UNKNOWN-KEY", "observability.alerts.first_token_second"): ("did you mean `first_token_seconds`?",)},
    ),
    Broken(
        "key one level too high",
        (put("models[0].kv_cache_dtype", "fp8"),),
        {("CFG-UNKNOWN-KEY", "models[0].kv_cache_dtype"): ("move it to `models[].engine`",)},
    ),
    Broken(
        "key that exists nowhere",
        (put("storage.colour", "green"),),
        {("CFG-UNKNOWN-KEY", "storage.colour"): ("`redundancy`", "remove `colour`")},
    ),
    Broken(
        "required key missing",
        (drop("platform.tenant_id"),),
        {("CFG-MISSING", "platform.tenant_id"): ("add tenant_id", "GUID")},
    ),
    Broken(
        "section missing",
        (drop("cluster"),),
        {("CFG-MISSING", "cluster"): ("add cluster", "system_pool")},
    ),
    Broken(
        "platform's name with capitals",
        (put("platform.name", "Acme_LLM"),),
        {("CFG-VALUE", "platform.name"): ('"Acme_LLM"', "lower-case letters, digits and single dashes", "acme-llm")},
    ),
    Broken(
        "platform's name too long for its section",
        (put("platform.name", "a-platform-for-all-of-acme"),),
        {("CFG-VALUE", "platform.name"): ("longer than 16 characters", "16 at most")},
    ),
    Broken(
        "platform's name too long for the vault",
        (put("platform.name", "acme-language-ai"),),
        {("NAME-ILLEGAL", "platform.name"): ("kv-acme-language-ai-dev-x7f", "key vault", "3 characters too long")},
    ),
    Broken(
        "pool's name too long for AKS",
        (put("pools[0].name", "inference-h100"), put("models[0].pool", "inference-h100"),
         put("models[1].pool", "inference-h100")),
        {("CFG-VALUE", "pools[0].name"): ('"inference-h100"', "8 at most")},
    ),
    Broken(
        "model's name too long",
        (put("models[0].name", "a-very-long-name-for-a-model-that-chats-with-you"),),
        {("CFG-VALUE", "models[0].name"): ("longer than 40 characters", "40 at most")},
    ),
    Broken(
        "two pools of one name",
        (copy("pools[0]", "pools[1]"),),
        {("NAME-COLLISION", "pools[1].name"): ("`h100`", "pools[0]", "choose another name")},
    ),
    Broken(
        "two models of one name",
        (put("models[1].name", "chat"),),
        {("NAME-COLLISION", "models[1].name"): ("`chat`", "models[0]", "choose another name")},
    ),
    Broken(
        "two clients of one name",
        (copy("tenants[0]", "tenants[1]", key_secret="key-other"),),
        {("NAME-COLLISION", "tenants[1].name"): ("`playground`", "tenants[0]")},
    ),
    Broken(
        "model called vllm",
        (put("models[0].name", "vllm"),),
        {("NAME-SERVICE", "models[0].name"): ("`vllm`", "Service")},
    ),
    Broken(
        "region misspelt",
        (put("platform.region", "eastsu"),),
        {("REGION-UNKNOWN", "platform.region"): ("`eastsu`", "did you mean `eastus`")},
    ),
    Broken(
        "subscription that is no GUID",
        (put("platform.subscription_id", "acme-production"),),
        {("CFG-VALUE", "platform.subscription_id"): ('"acme-production"', "GUID in lower case")},
    ),
)  # fmt: skip
