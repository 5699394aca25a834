"""Keys of the stack file that several rules read."""

# Of a model: which one it is, and how large; not at which revision.
SOURCE = ("source.huggingface", "source.blob", "source.model", "source.hf_config", "source.weights_gib")
# Of a model: how vLLM runs it.
ENGINE = (
    "engine.version",
    "engine.tensor_parallel",
    "engine.kv_cache_dtype",
    "engine.gpu_memory_utilization",
    "engine.args",
)
# Of a pool: which devices it offers.
DEVICES = ("vm_size", "gpu.sharing", "gpu.layout", "gpu.layouts", "gpu.replicas")
# What a node offers to pods depends on it, beside the pool's own keys.
NODES = ("cluster.max_pods",)
