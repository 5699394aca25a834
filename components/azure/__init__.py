"""The foundation on Azure: network, AKS, node pools, vault, registry and storage."""
