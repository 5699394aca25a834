"""vLLM, and the real programs beside it: Prometheus, the collectors of traces and of logs."""

from tests.oracles.log_collector.toolchain import COLLECTOR as LOG_COLLECTOR
from tests.oracles.telemetry_collector.toolchain import COLLECTOR as TRACE_COLLECTOR
from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER
from tests.vllm_environment import python as set_up

__all__ = ["LOG_COLLECTOR", "PROMETHEUS_SERVER", "TRACE_COLLECTOR", "set_up"]
