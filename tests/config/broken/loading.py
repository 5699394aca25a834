"""Mistakes about how weights get from where they are into the GPU's memory."""

from broken.change import Broken, put

_STORED = put("models[0].source", {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"})
_OPTION = "models[0].engine.args.model-loader-extra-config"

TABLE = (
    Broken(
        "no host memory for the buffer of streamed weights",
        (_STORED, put("models[0].resources", {"cpu": 4, "memory_gib": 10})),
        {("PLACE-HOST-MEMORY", "models[0].resources.memory_gib"): ("10 GiB", "loader's buffers (8.0)", "write 18")},
    ),
    Broken(
        "no host memory for adapters that stay loaded",
        (
            put("models[0].resources", {"cpu": 4, "memory_gib": 10}),
            put(
                "models[0].engine.args",
                {
                    "enable-lora": True,
                    "max-lora-rank": 64,
                    "max-cpu-loras": 100,
                    "lora-modules": [f"a{index}=acme/a{index}" for index in range(100)],
                },
            ),
            put("models[0].engine.unsafe", [{"flag": "lora-modules", "reason": "our own repositories"}]),
        ),
        {("PLACE-HOST-MEMORY", "models[0].resources.memory_gib"): ("10 GiB", "adapters (32.5)", "write 42")},
    ),
    Broken(
        "buffer smaller than a tensor",
        (_STORED, put(_OPTION, {"memory_limit": 1_000_000_000})),
        {("ENGINE-LOADER", f"{_OPTION}.memory_limit"): ("1000000000", "Qwen/Qwen3-8B", "write 1244659712 or more")},
    ),
    Broken(
        "limit of the streaming loader for downloaded weights",
        (put(_OPTION, {"memory_limit": 4_000_000_000}),),
        {("ENGINE-LOADER", f"{_OPTION}.memory_limit"): ("downloaded weights", "num_threads")},
    ),
    Broken(
        "limit in quotes, which vLLM would ignore",
        (_STORED, put(_OPTION, {"memory_limit": "4000000000"})),
        {("ENGINE-LOADER", f"{_OPTION}.memory_limit"): ("4000000000", "without quotes")},
    ),
    Broken(
        "start-up budget below the time of the download",
        (
            put("security", {"hugging_face_token": "hf-token"}),
            put(
                "pools[1]",
                {
                    "name": "pair",
                    "class": "inference",
                    "vm_size": "Standard_NC80adis_H100_v5",
                    "nodes": {"min": 1, "max": 1},
                },
            ),
            put(
                "models[2]",
                {
                    "name": "large",
                    "pool": "pair",
                    "context": 8192,
                    "replicas": {"min": 1, "max": 1},
                    "source": {
                        "huggingface": "meta-llama/Llama-3.3-70B-Instruct",
                        "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b",
                    },
                    "engine": {"tensor_parallel": 2},
                    "start_minutes": 5,
                },
            ),
        ),
        {
            ("START-BUDGET", "models[2].start_minutes"): (
                "131 GiB",
                "150 MB/s",
                "at least 15 minutes",
                "start_minutes: 21",
            )
        },
    ),
)
