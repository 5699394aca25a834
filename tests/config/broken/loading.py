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
)
