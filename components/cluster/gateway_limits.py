"""What keeps a proxy and its connections alive: the action against full memory, and TCP keep-alive."""

import yaml

from components.cluster.durations import in_seconds
from planning.plan import Json, ProxyPath, TcpKeepalivePath


def overload(path: ProxyPath) -> str:
    """Bootstrap that is merged into Envoy Gateway's own, which has the heap's limit and refuses requests above it.

    Requests that have begun go on filling memory there: those that hold most are reset before the container is killed
    (HTTP/2 only). Lists are appended, so only what is new is named. An account of at least 2^20 bytes is tracked.
    """
    return yaml.safe_dump(
        {
            "overload_manager": {
                "buffer_factory_config": {"minimum_account_to_track_power_of_two": 20},
                "actions": [
                    {
                        "name": "envoy.overload_actions.reset_high_memory_stream",
                        "triggers": [
                            {
                                "name": "envoy.resource_monitors.fixed_heap",
                                "scaled": {
                                    "scaling_threshold": path.reset_share,
                                    "saturation_threshold": path.reset_all_share,
                                },
                            }
                        ],
                    }
                ],
            }
        },
        sort_keys=False,
    )


def tcp_keepalive(path: TcpKeepalivePath) -> dict[str, Json]:
    """A policy's `tcpKeepalive`."""
    return {
        "idleTime": in_seconds(path.idle_seconds),
        "interval": in_seconds(path.interval_seconds),
        "probes": path.probes,
    }
