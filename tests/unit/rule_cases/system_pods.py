"""What breaks and what keeps each rule of planning/rules/system_pods.py."""

from rule_cases.case import Case, Changes


def nodes(low: int, high: int, proxies: tuple[int, int] = (2, 4), **more: object) -> Changes:
    return {
        "cluster.system_pool": {"vm_size": "Standard_D4ds_v5", "nodes": {"min": low, "max": high}, **more},
        "gateway.replicas": {"min": proxies[0], "max": proxies[1]},
    }


CASES: dict[str, Case] = {
    "SYS-FEWEST": Case(nodes(1, 4, (3, 4)), nodes(1, 4, (2, 4))),
    "SYS-FIT": Case(nodes(1, 2, (2, 13)), nodes(1, 2, (2, 9))),
    "SYS-SPARE": Case(nodes(3, 6, (4, 8), zones=["1", "2"]), nodes(3, 6, (4, 8))),
}
