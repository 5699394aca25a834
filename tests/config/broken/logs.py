"""Mistakes in what is kept of what pods write: logs."""

from typing import Any

from broken.change import Broken, Change, put

_LOGS, _AUDIT = "observability.logs", "observability.audit"


def _logs(backend: str = "loki", **more: Any) -> Change:
    return put(_LOGS, {"backend": backend, **more})


TABLE = (
    Broken(
        "a backend of logs that there is not",
        (_logs("elasticsearch"),),
        {("CFG-VALUE", f"{_LOGS}.backend"): ("`loki`", "`container_insights`")},
    ),
    Broken(
        "logs without a backend",
        (put(_LOGS, {"retention_days": 30}),),
        {("CFG-MISSING", f"{_LOGS}.backend"): ("`loki`",)},
    ),
    *(
        Broken(
            f"logs kept {days} days",
            (_logs(retention_days=days),),
            {("CFG-VALUE", f"{_LOGS}.retention_days"): ("1 to 730",)},
        )
        for days in (0, 731)
    ),
    Broken(
        "logs kept for a word",
        (_logs(retention_days="30d"),),
        {("CFG-VALUE", f"{_LOGS}.retention_days"): ("1 to 730",)},
    ),
    *(
        Broken(
            f"a disk of {gib} GiB for logs",
            (_logs(storage_gib=gib),),
            {("CFG-VALUE", f"{_LOGS}.storage_gib"): ("8 to 32767",)},
        )
        for gib in (4, 40_000)
    ),
    Broken(
        "nothing a day",
        (_logs(daily_gib=0),),
        {("CFG-VALUE", f"{_LOGS}.daily_gib"): ("up to 10000",)},
    ),
    Broken(
        "a disk that is full after six days of thirty",
        (_logs(daily_gib=8, storage_gib=64, retention_days=30),),
        {("LOGS-DISK", f"{_LOGS}.storage_gib"): ("240 GiB", "storage_gib: 301", "retention_days: 6")},
    ),
    Broken(
        "logs in a workspace that there is not",
        (_logs("container_insights"),),
        {("LOGS-BACKEND", f"{_LOGS}.backend"): ("there is none", "backend: loki")},
    ),
    Broken(
        "logs in a workspace and not in it",
        (_logs("container_insights"), put(_AUDIT, {"container_logs": False})),
        {("LOGS-BACKEND", f"{_AUDIT}.container_logs"): ("once switched off and once on", "leave container_logs out")},
    ),
    Broken(
        "logs longer than the workspace keeps them",
        (_logs("container_insights", retention_days=365), put(_AUDIT, {"retention_days": 90})),
        {("LOGS-BACKEND", f"{_LOGS}.retention_days"): ("90 days", "retention_days: 365")},
    ),
    *(
        Broken(
            f"{daily} GiB of logs a day for {days} days",
            (_logs(daily_gib=daily, retention_days=days),),
            {("LOGS-DISK", f"{_LOGS}.storage_gib"): words},
        )
        for daily, days, words in (
            (100, 1, ("write storage_gib: 126",)),
            (1000, 365, ("write storage_gib: 32767, Azure's largest, and retention_days: 26 or less",)),
            (1.5, 666, ("write storage_gib: 1249, or retention_days: 34 or less",)),
        )
    ),
    Broken(
        "a disk for a workspace",
        (_logs("container_insights", storage_gib=64), put(_AUDIT, {})),
        {("LOGS-BACKEND", f"{_LOGS}.storage_gib"): ("no disk", "backend: loki")},
    ),
    Broken(
        "a model that writes texts where logs are collected",
        (_logs(), put("models[0].engine.args.logging-config", {"formatter": "text"})),
        {("LOGS-ENGINE", "models[0].engine"): ("the platform sets it", "leave models[0]")},
    ),
    Broken(
        "a misspelt key of logs",
        (_logs(retention=30),),
        {("CFG-UNKNOWN-KEY", f"{_LOGS}.retention"): ("retention_days",)},
    ),
)
