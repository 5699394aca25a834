"""Kubelets: leases, node conditions, and the life of pods."""
