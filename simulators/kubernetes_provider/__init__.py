"""Pulumi's Kubernetes provider: over objects in memory, or over a real API server."""
