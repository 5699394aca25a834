"""What breaks and what keeps each rule of planning/rules/server_times.py."""

from rule_cases.case import Case, argument

_TOLERANT = argument("enable-fault-tolerance", value=True)

CASES: dict[str, Case] = {
    "PATH-GROUP": Case(argument("distributed-timeout-seconds", 299), argument("distributed-timeout-seconds", 300)),
    "PATH-RECOVERY": Case(
        {**_TOLERANT, **argument("fault-tolerance-config", {"engine_recovery_timeout_sec": 600})},
        {**_TOLERANT, **argument("fault-tolerance-config", {"engine_recovery_timeout_sec": 599})},
    ),
    # Four proxies at most, each with 1024 requests at once.
    "PATH-SHED": Case(argument("max-num-queued-reqs", 1), argument("max-num-queued-reqs", 1_000_000)),
    "PATH-WATCHDOG": Case(
        argument("watchdog-config", {"timeout": 20}),
        argument("watchdog-config", {"timeout": 20, "dump_dir": "/stacks"}),
    ),
}
