"""Stacks that between them have every option: what no shipped stack or example has is rendered, and judged, in these.

Invariants hold in them, scanners read them, and a literal that is changed on trial is looked for in them. No stack can
have all: the certificate comes from the vault or from an issuer, Redis is a pod or Azure's.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Sections = dict[str, Any]
_GROUP = "00000000-0000-4000-8000-0000000000{:02}"
_REVISION = "b968826d9c46dd6066d109eabc6255188de91218"


class Trial(NamedTuple):
    """A stack: one that is there, changed, with the secrets that are set beside its sections."""

    base: str
    change: Callable[[Sections], None]
    secrets: Mapping[str, str] = {}


def _otherwise(sections: Sections) -> None:
    """Values for the vault, a token for weights, Defender, MPS, Azure's own upgrades, Azure Monitor."""
    sections["cluster"]["upgrade_channel"] = "rapid"
    sections["observability"]["audit"] |= {"defender": True, "daily_gb": 5}
    sections["observability"]["azure_monitor"] = {
        "rules": {"emails": ["azure@acme.example"]},
        "grafana": {"admins": [_GROUP.format(3)], "viewers": [_GROUP.format(8)]},
    }
    sections.setdefault("security", {})["hugging_face_token"] = "hf-token"
    mail = {"to": ["on-call@acme.example"], "sender": "alerts@acme.example", "smarthost": "smtp.acme.example:587"}
    sections["observability"]["receivers"] += [
        {"name": "chat", "kind": "slack", "secret": "slack-webhook"},
        {"name": "mail", "kind": "email", "secret": "smtp", "email": {**mail, "username": "alerts"}},
        {"name": "gpus", "kind": "webhook", "secret": "gpus-webhook", "owners": ["gpus", "platform"]},
        {"name": "tickets", "kind": "webhook", "secret": "tickets", "url": "https://tickets.acme.example:8443/alerts"},
    ]
    sections["pools"].append(
        {
            "name": "shared",
            "class": "inference",
            "vm_size": "Standard_NC80adis_H100_v5",
            "nodes": {"min": 1, "max": 1},
            "gpu": {"sharing": "mps", "replicas": 3},
        }
    )
    sections["models"].append(
        {
            "name": "more",
            "source": {"huggingface": "Qwen/Qwen3-8B", "revision": _REVISION, "gated": True},
            "pool": "shared",
            "context": 8192,
            "replicas": {"min": 1, "max": 1},
        }
    )


def _in_the_cluster(sections: Sections) -> None:
    """What can be in the cluster is: Redis, traces, logs, guards. Hosts are named, and the gateway is public."""
    sections["platform"]["locks"] = True
    sections["network"] = {"egress": "fqdn"}
    sections["access"] = {
        "operator": [_GROUP.format(31)], "model_publisher": [_GROUP.format(32)], "viewer": [_GROUP.format(33)],
    }  # fmt: skip
    sections["cluster"] |= {"deployment_safeguards": "warn", "storage_drivers": ["file", "blob", "snapshot"]}
    sections["security"]["azure_policy"] = True
    sections["gateway"] |= {"entra": {"audience": _GROUP.format(41)}, "http_redirect": True}
    sections["gateway"] |= {"exposure": "public", "dns": {"zone": "door.acme.example", "zone_resource_group": "rg-dns"}}
    sections["gateway"]["api_management"] |= {
        "entra": {
            "audience": _GROUP.format(43),
            "applications": [{"tenant": "product", "client_ids": [_GROUP.format(44)]}],
        },
        "token_limits": [{"tenant": "product", "tokens_per_minute": 5000, "tokens_per_month": 900000}],
    }
    for index, tenant in enumerate(sections["tenants"]):
        tenant["entra"] = {"groups": [_GROUP.format(50 + index)]}
    sections["tenants"][0]["record_prompts"] = True
    prices = [{"model": "chat", "usd_per_million_input_tokens": 0.2, "usd_per_million_output_tokens": 0.8}]
    sections["observability"] |= {
        "gpu_profiling": True,
        "traces": {"backend": "tempo", "capture_prompts": True},
        "logs": {"backend": "loki"},
        "audit": {"container_logs": False},
        "usage_export": {"since": "2026-12-01", "readers": [_GROUP.format(34)], "prices": prices},
    }
    sections["models"][0] |= {"profiling": True}
    shared = {"class": "inference", "vm_size": "Standard_NC24ads_A100_v4"}
    sections["quota"] |= {"StandardNCADSA100v4Family": 72, "lowPriorityCores": 72}
    sections["pools"] += [
        {**shared, "name": "shared", "nodes": {"min": 1, "max": 2}, "gpu": {"sharing": "time-slicing", "replicas": 2}},
        {**shared, "name": "spot", "nodes": {"min": 0, "max": 3}, "capacity": "spot"},
    ]
    sections["models"].append(
        {
            "name": "burst",
            "source": {"huggingface": "Qwen/Qwen3-8B", "revision": _REVISION},
            "license": "apache-2.0",
            "pool": ["shared", "spot"],
            "context": 32768,
            "concurrency": 3,
            "replicas": {"min": 1, "max": 4},
            "autoscaling": {"requests_per_replica": 8},
        }
    )


def _on_azure(sections: Sections) -> None:
    """What can be Azure's is: Redis, logs, keys, the gateway's name; and traces are sent to a server elsewhere."""
    sections["network"]["encryption"] = True
    sections["platform"]["locks"] = True
    sections["gateway"].pop("certificate")
    zone = {"zone_resource_group": "rg-dns"}
    sections["gateway"] |= {
        "tls": {"issuer": "acme", "email": "ops@acme.example", "dns_zone": "acme.example", **zone},
        "dns": {"zone": "acme.example", **zone, "private": True},
    }
    sections["gateway"]["entra"] = {"audience": _GROUP.format(41)}
    sections["tenants"].append({"name": "robot", "api_keys": False, "entra": {"applications": [_GROUP.format(42)]}})
    sections["security"]["keys"] = {"etcd": True, "disks": True, "store": True}
    sections["storage"]["immutable_days"] = 30
    sections["limiter"] = {"redis": "azure", "when_away": "allow"}
    sections["tenants"][0]["limits"] = {"requests_per_minute": 600, "tokens_per_minute": {"output": 20000}}
    sections["observability"] |= {
        "traces": {"backend": "otlp", "endpoint": "https://traces.acme.example", "authorization_secret": "trace-key"},
        "logs": {"backend": "container_insights"},
        "azure_monitor": {"grafana": {"admins": [_GROUP.format(3)]}},
        "usage_export": {"since": "2026-12-01"},
        "costs": {},
    }
    sections["models"][0]["source"]["manifest_sha256"] = "a" * 64


TRIALS: Mapping[str, Trial] = {
    "otherwise": Trial("prod", _otherwise, {"gateway-certificate": "a made-up certificate"}),
    "in-the-cluster": Trial("front-door", _in_the_cluster),
    "on-azure": Trial("prod", _on_azure),
}
