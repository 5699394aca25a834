"""What breaks and what keeps each rule of planning/rules/names.py."""

from rule_cases.case import OURS, RUNNER, Case, second_pool

GROUPS = ["00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004"]
OWN_NETWORK = {"access": "private", "runner_vnet": RUNNER.format(OURS).replace("vnet-ci", "VNET-acme-llm-dev")}
KEY = {"name": "playground"}

CASES: dict[str, Case] = {
    "LIST-TWICE": Case({"cluster.admin_groups": [GROUPS[0], GROUPS[0]]}, {"cluster.admin_groups": GROUPS}),
    "NAME-RESERVED": Case({"platform.name": "acme-windows"}, {"platform.name": "acme-window"}),
    "NAME-TAKEN": Case({"models[0].name": "store"}, {"models[0].name": "stores"}),
    "NET-RUNNER-NAME": Case(
        {"cluster.api_server": OWN_NETWORK},
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OURS)}},
    ),
    "POOL-NAME": Case(
        {"pools[0].name": "system", "models[0].pool": "system", "models[1].pool": "system"},
        {"pools[0].name": "systems", "models[0].pool": "systems", "models[1].pool": "systems"},
    ),
    "SEC-CASE": Case(
        {"gateway.certificate": "Key-A", "tenants": [{**KEY, "key_secret": "key-a"}]},
        {"gateway.certificate": "Key-B", "tenants": [{**KEY, "key_secret": "key-a"}]},
    ),
    "SEC-SECTION": Case({"gateway.certificate": "gateway"}, {"gateway.certificate": "gateways"}),
    "STORE-PATH": Case(
        {"models[0].source": {"blob": "a/../b", "model": "Qwen/Qwen3-8B"}},
        {"models[0].source": {"blob": "a/.b", "model": "Qwen/Qwen3-8B"}},
    ),
    "STORE-SHARED": Case(
        {
            "models[0].source": {"blob": "qwen/8b", "model": "Qwen/Qwen3-8B"},
            "models[1].source": {"blob": "qwen/0.6b", "model": "Qwen/Qwen3-8B"},
        },
        # The same weights twice are no more than each needs.
        {
            "models[0].source": {"blob": "qwen/8b", "model": "Qwen/Qwen3-8B"},
            "models[1].source": {"blob": "qwen/8b", "model": "Qwen/Qwen3-8B"},
        },
    ),
    "TAINT-KEY": Case(
        second_pool(taints=["a//b=c:NoSchedule"]), second_pool(taints=["a.b/c=d:NoSchedule", "a.b/c=d:NoExecute"])
    ),
}
