"""What every simulated controller stands on: a client of a real Kubernetes API server, and its watches."""
