"""Names of nodes."""


def names_of_nodes(pool: str) -> str:
    """Pattern of the names that AKS gives nodes of a pool, `aks-POOL-NUMBER-vmssNUMBER`.

    Source: https://learn.microsoft.com/azure/aks/node-pool-snapshot shows them; POOL is the agent pool's own name.
    """
    return f"aks-{pool}-.+"
