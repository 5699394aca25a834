"""What breaks and what keeps each rule of planning/rules/confidential.py."""

from typing import Any

from planning_stacks import model, pool

from rule_cases.case import Case, Changes

SIZE = "Standard_NCC40ads_H100_v5"
SIGNED = "580.65.06"


def confidential(
    *more: dict[str, Any], driver: str | None = SIGNED, owner: str = "operator", **pool_changes: Any
) -> Changes:
    """One confidential pool with one model, and pools beside it."""
    pools = [pool("secret", vm_size=SIZE, **pool_changes), *more]
    names = [str(item["name"]) for item in pools]
    return {
        "pools": pools,
        "models": [model(f"chat-{name}", name) for name in names],
        "cluster.gpu_driver": owner,
        **({"cluster.signed_driver": driver} if driver is not None else {}),
    }


CASES: dict[str, Case] = {
    "CONF-OWNER": Case(confidential(owner="aks"), confidential()),
    "CONF-DRIVER": Case(confidential(driver=None), confidential()),
    "CONF-SIGNED-UNUSED": Case(
        {"cluster.gpu_driver": "operator", "cluster.signed_driver": SIGNED}, {"cluster.gpu_driver": "operator"}
    ),
    "CONF-MIXED": Case(confidential(pool("plain")), confidential(pool("second", vm_size=SIZE))),
    "CONF-SHARING": Case(
        confidential(gpu={"sharing": "time-slicing", "replicas": 2}), confidential(gpu={"sharing": "none"})
    ),
    "CONF-SPOT": Case(confidential(capacity="spot"), confidential(capacity="on-demand")),
}
