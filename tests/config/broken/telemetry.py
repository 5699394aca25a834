"""Mistakes in what is kept of requests: traces."""

from typing import Any

from broken.change import Broken, Change, put

_TRACES = "observability.traces"


def _traces(backend: str = "tempo", **more: Any) -> Change:
    return put(_TRACES, {"backend": backend, **more})


TABLE = (
    Broken(
        "a backend that there is not",
        (_traces("zipkin"),),
        {("CFG-VALUE", f"{_TRACES}.backend"): ("`tempo`", "`otlp`")},
    ),
    *(
        Broken(
            f"{written}, which takes another collector",
            (_traces(written),),
            {("CFG-VALUE", f"{_TRACES}.backend"): ("backend: otlp", "Application Insights")},
        )
        for written in ("application_insights", "azure_monitor")
    ),
    Broken(
        "a server that is nowhere",
        (_traces("otlp"),),
        {("CFG-VALUE", _TRACES): ("nowhere to send traces", "https://traces.acme.example")},
    ),
    *(
        Broken(
            f"sampling {sampling!r}",
            (_traces(sampling=sampling),),
            {("CFG-VALUE", f"{_TRACES}.sampling"): ("0.001 to 1",)},
        )
        for sampling in (0, 0.0001, 1.5, 10, "10%")
    ),
    *(
        Broken(
            f"traces kept {days} days",
            (_traces(retention_days=days),),
            {("CFG-VALUE", f"{_TRACES}.retention_days"): ("1 to 365",)},
        )
        for days in (0, 366)
    ),
    Broken(
        "a disk for a server elsewhere, and traces of Jaeger for a month",
        (_traces("jaeger", retention_days=30, endpoint="https://traces.acme.example"),),
        {
            ("TRACE-BACKEND", f"{_TRACES}.retention_days"): ("in memory", "backend: tempo"),
            ("TRACE-BACKEND", f"{_TRACES}.endpoint"): ("in the cluster", "backend: otlp"),
        },
    ),
    Broken(
        "traces to the internet without encryption",
        (_traces("otlp", endpoint="http://traces.acme.example:4318"),),
        {("TRACE-CLEARTEXT", f"{_TRACES}.endpoint"): ("without encryption", "https://")},
    ),
    *(
        Broken(
            f"traces to {endpoint}",
            (_traces("otlp", endpoint=endpoint),),
            {("CFG-VALUE", f"{_TRACES}.endpoint"): words},
        )
        for endpoint, words in (
            ("traces.acme.example:4318", ("https://traces.acme.example",)),
            ("grpc://traces.acme.example:4317", ("https://traces.acme.example",)),
            ("https://localhost:4318", ("the machine itself",)),
            ("https://169.254.169.254/traces", ("link-local",)),
            ("https://traces.acme.example:99999", ("not a number up to 65535",)),
            ("https://traces.acme.example/?key=1", ("more than a host and a path",)),
            ("https://traces.acme.example/v1/traces/", ("which is appended", "leave /v1/traces out")),
            ("https://traces.acme.example/${env:TOKEN}", ("has a $",)),
            (":4317", ("https://traces.acme.example",)),
            ("https://:4318", ("no host name",)),
            ("https://traces.acme.example:4317", ("OTLP over gRPC", "as a rule 4318")),
            ("http://collector.observability.svc:4317", ("OTLP over gRPC", "as a rule 4318")),
            ("https://traces.acme.example:", ("not a whole address",)),
            ("https://traces.acme.example//otlp", ("not a whole address",)),
            ("https://traces.acme.example/%zz", ("not a whole address",)),
            ("http://collector.svc:4318", ("no Service", "http://traces.observability.svc:4318")),
            ("https://a.collector.observability.svc:4318", ("no Service",)),
        )
    ),
    Broken(
        "a year of traces that their disk can't hold",
        (_traces(retention_days=365, storage_gib=8, daily_gib=1),),
        {("TRACE-DISK", f"{_TRACES}.storage_gib"): ("365 GiB", "storage_gib: 457, or retention_days: 6 or less")},
    ),
    Broken(
        "what a server elsewhere takes in a day",
        (_traces("otlp", endpoint="https://traces.acme.example", daily_gib=1),),
        {("TRACE-BACKEND", f"{_TRACES}.daily_gib"): ("its server decides", "backend: tempo")},
    ),
    Broken(
        "the server's key in its address",
        (_traces("otlp", endpoint="https://user:Zx81Kq2mWn9Lr4Tb7Vc3@traces.acme.example"),),
        {("SEC-LITERAL", f"{_TRACES}.endpoint"): ("plain text",)},
        hidden=("Zx81Kq2mWn9Lr4Tb7Vc3",),
    ),
    Broken(
        "the server's key itself",
        (_traces("otlp", endpoint="https://traces.acme.example", authorization_secret="Bearer Zx81Kq2mWn9Lr4Tb7Vc3"),),
        {("SEC-LITERAL", f"{_TRACES}.authorization_secret"): ("plain text",)},
        hidden=("Zx81Kq2mWn9Lr4Tb7Vc3",),
    ),
    Broken(
        "prompts of a tenant who must stay in the cluster, sent out of it",
        (
            _traces("otlp", endpoint="https://traces.acme.example", capture_prompts=True),
            put("tenants[0].record_prompts", True),
            put("tenants[0].data_residency", "cluster"),
        ),
        {("TRACE-RESIDENCY", "tenants[0].record_prompts"): ("data_residency: cluster", "backend: tempo")},
    ),
    Broken(
        "a model that sends its spans elsewhere",
        (
            _traces(),
            put("models[0].engine.args.otlp-traces-endpoint", "http://elsewhere:4317"),
            put("models[0].engine.unsafe", [{"flag": "otlp-traces-endpoint", "reason": "our own collector"}]),
        ),
        {("TRACE-ENGINE", "models[0].engine"): ("the platform sets it", "leave models[0]")},
    ),
)
