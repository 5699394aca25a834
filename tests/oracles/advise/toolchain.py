"""The real Prometheus, which answers the questions of `advise` about weeks that are made up."""

from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER

__all__ = ["PROMETHEUS_SERVER"]
