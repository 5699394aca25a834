"""The nodes where everything but models runs: how AKS labels them, and the taint that keeps other pods away."""

from planning.plan import NodeSelection

SYSTEM_NODES = NodeSelection(
    labels=(("kubernetes.azure.com/mode", "system"),), taint_key="CriticalAddonsOnly", taint_effect="NoSchedule"
)
SYSTEM_TAINT = f"{SYSTEM_NODES.taint_key}=true:{SYSTEM_NODES.taint_effect}"
