"""KEDA, the HorizontalPodAutoscaler that it drives, and the Prometheus that it asks."""
