"""The system pool, and the first pool without which AKS creates no cluster: what is the same on every platform."""

SYSTEM_POOL = "system"
# Azure's smallest recommended system disk: https://learn.microsoft.com/azure/aks/concepts-storage
SYSTEM_DISK_GIB = 128
# Fixed for good: nothing in it may follow from a setting that an operator changes later.
FIRST_POOL = "first"
FIRST_POOL_NODES = 1
