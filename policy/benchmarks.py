"""The recommendations that policies answer, in short.

CIS: Azure Kubernetes Service Benchmark 1.7, as kube-bench has it (aquasecurity/kube-bench, cfg/aks-1.7, read on
2026-11-30). MCSB: Microsoft cloud security benchmark 1 (learn.microsoft.com/security/benchmark/azure).
"""

CIS = {
    "2.1.1": "audit logs",
    "4.1.1": "cluster-admin only where required",
    "4.1.3": "no wildcards in roles",
    "4.1.6": "tokens of service accounts only where necessary",
    "4.2.1": "no privileged containers",
    "4.2.2": "no process namespace of the host",
    "4.2.3": "no IPC namespace of the host",
    "4.2.4": "no network of the host",
    "4.2.5": "no privilege escalation",
    "4.4.2": "network policies in all namespaces",
    "4.5.1": "secrets as files",
    "4.5.2": "secrets outside the cluster",
    "4.6.2": "security contexts",
    "4.6.3": "no use of the namespace default",
    "5.1.2": "few users of the registry",
    "5.1.4": "approved registries alone",
    "5.2.1": "identities of their own for workloads",
    "5.4.1": "limited access to the API server",
    "5.4.2": "private API server",
    "5.4.3": "private nodes",
    "5.4.4": "network policies enforced",
    "5.4.5": "encrypted traffic to load balancers",
    "5.5.1": "users of Entra ID",
    "5.5.2": "Azure RBAC",
}
MCSB = {
    "AM-1": "track asset inventory and their risks",
    "AM-2": "use only approved services",
    "DP-2": "monitor anomalies and threats targeting sensitive data",
    "DP-3": "encrypt sensitive data in transit",
    "DP-6": "use a secure key management process",
    "DP-8": "ensure security of key and certificate repository",
    "DS-6": "enforce security of workload throughout DevOps lifecycle",
    "IM-1": "use centralized identity and authentication system",
    "IM-3": "manage application identities securely and automatically",
    "IM-8": "restrict the exposure of credential and secrets",
    "LT-3": "enable logging for security investigation",
    "LT-6": "configure log storage retention",
    "NS-1": "establish network segmentation boundaries",
    "NS-2": "secure cloud native services with network controls",
    "PA-7": "follow just enough administration (least privilege) principle",
    "PV-2": "audit and enforce secure configurations",
    "PV-6": "rapidly and automatically remediate vulnerabilities",
}
