"""What AKS makes of a cluster and its agent pools: nodes, machines that come and go, the cluster autoscaler."""
