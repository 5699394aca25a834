"""What tests of real controllers share with those of the cluster: a control plane, shown where a test fails."""

from tests.cluster.conftest import cluster, kubelets, module_cluster, pytest_runtest_makereport

__all__ = ["cluster", "kubelets", "module_cluster", "pytest_runtest_makereport"]
