"""Files with several mistakes of different kinds: all are reported together, and none twice."""

from broken.change import Broken, copy, drop, put, rename

TABLE = (
    Broken(
        "typo, region, layout and parallelism",
        (
            rename("pools[0].vm_size", "vm_sise"),
            put("platform.region", "eastsu"),
            put("pools[0].gpu.layout", ["3g.47gb", "3g.47gb", "3g.47gb"]),
            put("models[0].engine.tensor_parallel", 3),
            put("models[1].source.huggingface", "Qwen/Qwen3-Embeding-8B"),
        ),
        {
            ("CFG-UNKNOWN-KEY", "pools[0].vm_sise"): ("did you mean `vm_size`?",),
            ("REGION-UNKNOWN", "platform.region"): ("did you mean `eastus`",),
            ("MIG-PACKING", "pools[0].gpu.layout"): ("12 of 8",),
            ("TP-HEADS", "models[0].engine.tensor_parallel"): ("32 heads",),
            ("TP-DEVICES", "models[0].engine.tensor_parallel"): ("MIG slices",),
            ("MODEL-UNKNOWN", "models[1].source.huggingface"): ("did you mean `Qwen/Qwen3-Embedding-8B`",),
        },
    ),
    Broken(
        "branch, quotes, option and overlap",
        (
            put("models[0].source.revision", "main"),
            put("cluster.kubernetes", 1.36),
            put("models[0].engine.args.max-model-length", 4096),
            put("network.services", "10.20.0.0/20"),
        ),
        {
            ("CFG-VALUE", "models[0].source.revision"): ("commit",),
            ("CFG-QUOTE", "cluster.kubernetes"): ("in quotes",),
            ("ENGINE-FLAG", "models[0].engine.args.max-model-length"): ("did you mean `max-model-len`",),
            ("NET-OVERLAP", "network.services"): ("10.20.0.0/16",),
        },
    ),
    Broken(
        "model and pool of the wrong kind beside mistakes of others",
        (
            put("models[2]", "summarise"),
            put("pools[1]", None),
            put("models[0].concurrency", 50),
            put("models[1].replicas.min", 0),
            drop("gateway.certificate"),
        ),
        {
            ("CFG-VALUE", "models[2]"): ("is not a mapping", "`source`"),
            ("CFG-VALUE", "pools[1]"): ("the key has no value",),
            ("FIT-CONCURRENCY", "models[0].concurrency"): ("50 requests",),
            ("REPLICAS-ZERO", "models[1].replicas.min"): ("write 1 or more",),
            ("TLS-SOURCE", "gateway.certificate"): ("add certificate", "vault's secret"),
        },
    ),
    Broken(
        "list where a mapping belongs and the reverse",
        (
            put("network", ["10.20.0.0/16"]),
            put("models[0].engine.args", ["enable-prefix-caching"]),
            put("pools[0].gpu.layout", "3g.47gb"),
            put("models[1].context", 99999),
        ),
        {
            ("CFG-VALUE", "network"): ("is not a mapping", "`address_space`"),
            ("CFG-VALUE", "models[0].engine.args"): ("is not a mapping", "enable-prefix-caching: true"),
            ("CFG-VALUE", "pools[0].gpu.layout"): ("is not a list", "[3g.47gb, 3g.47gb]"),
            ("MODEL-CONTEXT", "models[1].context"): ("takes 40960",),
        },
    ),
    Broken(
        "sections left empty",
        (put("platform.tags", None), put("models[0].engine", None), put("pools[0].capacity", "sopt"),
         put("models[1].pool", "h10")),
        {
            ("CFG-VALUE", "platform.tags"): ("the key has no value", "tags for every Azure resource"),
            ("CFG-VALUE", "models[0].engine"): ("the key has no value", "vLLM version"),
            ("CFG-VALUE", "pools[0].capacity"): ("did you mean `spot`?",),
            ("POOL-UNKNOWN", "models[1].pool"): ("did you mean `h100`",),
        },
    ),
    Broken(
        "two pools, two owners, two names, no room",
        (
            copy("pools[0]", "pools[1]", gpu={"sharing": "none", "driver": "operator"}),
            put("models[0].replicas", {"min": 2, "max": 20}),
            put("cluster.system_pool.nodes", {"min": 3, "max": 2}),
            put("gateway.hostname", "LLM_dev"),
        ),
        {
            ("NAME-COLLISION", "pools[1].name"): ("pools[0]",),
            ("DRV-OWNER", "pools[1].gpu.driver"): ("one owner",),
            ("PLACE-CAPACITY", "models[0].replicas.max"): ("of 20 replicas", "21 of nvidia.com/gpu (3g.47gb) required"),
            ("PLACE-CAPACITY", "models[1].replicas.max"): ("1 of 1 replicas",),
            ("CFG-VALUE", "cluster.system_pool.nodes"): ("min (3) is above max (2)",),
            ("CFG-VALUE", "gateway.hostname"): ("DNS name",),
        },
    ),
)  # fmt: skip
