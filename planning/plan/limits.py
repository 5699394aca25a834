"""How long Azure may take for what this program waits for: limits of one operation, in minutes."""

# AKS needs 5 to 15 minutes for a cluster, more for an upgrade of it.
CLUSTER_CREATE_MINUTES, CLUSTER_UPDATE_MINUTES = 60, 90
# A pool of GPU nodes comes in 10 minutes; an upgrade replaces its nodes one after the other.
POOL_CREATE_MINUTES, POOL_UPDATE_MINUTES, POOL_DELETE_MINUTES = 60, 90, 60
