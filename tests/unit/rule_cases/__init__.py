"""The table of rules: for each a stack that breaks it, and one that only just keeps it.

A rule of planning/rules/SUBJECT.py has its row in SUBJECT.py here.
"""

from rule_cases import (
    auto,
    autoscaler,
    charts,
    cluster,
    contents,
    engine,
    engine_gpu,
    engine_pairs,
    fit,
    loading,
    mig,
    models,
    money,
    names,
    network,
    observability,
    placement,
    platform,
    pools,
    reachable,
    replicas,
    request_path,
    rollout,
    security,
    sharing,
    system_pods,
    tags,
    taints,
    updates,
    versions,
)
from rule_cases.case import Case

SUBJECTS = (
    auto,
    autoscaler,
    charts,
    cluster,
    contents,
    engine,
    engine_gpu,
    engine_pairs,
    fit,
    loading,
    mig,
    models,
    money,
    names,
    network,
    observability,
    placement,
    platform,
    pools,
    reachable,
    replicas,
    request_path,
    rollout,
    security,
    sharing,
    system_pods,
    tags,
    taints,
    updates,
    versions,
)
CASES: dict[str, Case] = {name: case for subject in SUBJECTS for name, case in subject.CASES.items()}

__all__ = ["CASES", "SUBJECTS", "Case"]
