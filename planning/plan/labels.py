"""Labels by which the scheduler and people find nodes; pools carry them, pods select them."""

POOL = "llm-platform/pool"
POOL_REVISION = "llm-platform/pool-revision"
POOL_CLASS = "llm-platform/class"
MIG_CONFIG = "nvidia.com/mig.config"
DEVICE_PLUGIN_CONFIG = "nvidia.com/device-plugin.config"
