"""NVIDIA's GPU Operator: the devices that a node offers once it has been there."""
