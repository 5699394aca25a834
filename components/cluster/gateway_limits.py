"""What keeps a proxy and its connections alive: the actions against full memory, and TCP keep-alive."""

import yaml

from components.cluster.durations import in_seconds
from planning.plan import Json, ProxyPath, TcpKeepalivePath

_HEAP = "envoy.resource_monitors.fixed_heap"
_TIMERS = "type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig"


def overload(path: ProxyPath) -> str:
    """Bootstrap that is merged into Envoy Gateway's own, which has the heap's limit and refuses requests above it.

    Connections that say nothing fill memory and the proxy's number of connections: the fuller the heap, the sooner they
    are closed. Requests that have begun go on filling memory: those that hold most are reset before the container is
    killed (HTTP/2 only). Lists are appended, so only what is new is named. An account of at least 2^20 bytes is
    tracked.
    """
    return yaml.safe_dump(
        {
            "overload_manager": {
                "buffer_factory_config": {"minimum_account_to_track_power_of_two": 20},
                "actions": [
                    {
                        "name": "envoy.overload_actions.reduce_timeouts",
                        "triggers": [_between(path.shorten_share, path.shorten_all_share)],
                        "typed_config": {
                            "@type": _TIMERS,
                            "timer_scale_factors": [
                                {
                                    "timer": "HTTP_DOWNSTREAM_CONNECTION_IDLE",
                                    "min_timeout": in_seconds(path.least_idle_seconds),
                                }
                            ],
                        },
                    },
                    {
                        "name": "envoy.overload_actions.reset_high_memory_stream",
                        "triggers": [_between(path.reset_share, path.reset_all_share)],
                    },
                ],
            }
        },
        sort_keys=False,
    )


def _between(begins: float, complete: float) -> dict[str, Json]:
    """A trigger by shares of the heap."""
    return {"name": _HEAP, "scaled": {"scaling_threshold": begins, "saturation_threshold": complete}}


def tcp_keepalive(path: TcpKeepalivePath) -> dict[str, Json]:
    """A policy's `tcpKeepalive`."""
    return {
        "idleTime": in_seconds(path.idle_seconds),
        "interval": in_seconds(path.interval_seconds),
        "probes": path.probes,
    }
