"""The AKS cluster, its maintenance windows, and the Kubernetes provider that creates everything inside it."""

import base64
from collections.abc import Sequence

import pulumi
import pulumi_kubernetes
from pulumi_azure_native import containerservice
from pulumi_azure_native.containerservice import (
    AdvancedNetworkingArgsDict,
    ListManagedClusterUserCredentialsResult,
    ManagedClusterAgentPoolProfileArgsDict,
    ManagedClusterAPIServerAccessProfileArgsDict,
    ManagedClusterPropertiesAutoScalerProfileArgsDict,
)

from components.azure import hardening
from components.azure.agent_pool import agent_pool, security_profile
from components.azure.audit import Audit, recorded
from components.azure.identity import ClusterIdentities
from components.azure.keys import Keys
from components.azure.kubeconfig import with_kubelogin
from components.azure.network import API_SERVER, API_SERVER_ZONE, NODES, Network
from components.azure.resource_groups import ResourceGroups
from components.azure.safeguards import safeguards
from planning.plan import AgentPoolPlan, AzureScopePlan, ClusterPlan, MaintenancePlan
from planning.plan.limits import CLUSTER_CREATE_MINUTES, CLUSTER_UPDATE_MINUTES

# What AKS creates the first pool with; the system pool's own are in the Plan.
_FIRST_DISK_GIB = 128
_FIRST_MAX_PODS = 110
# Without the metrics that come with it, which nothing here reads.
_POLICIES_BY_NAME: AdvancedNetworkingArgsDict = {
    "enabled": True,
    "observability": {"enabled": False},
    "security": {"enabled": True, "advanced_network_policies": "FQDN"},
}
# As long as the API server itself works on a request at most (its `--request-timeout`).
REQUEST_SECONDS = 60

# One profile for the whole cluster, so the GPU pools decide: their nodes are expensive, slow to provision and slow to
# warm up.
AUTOSCALER: ManagedClusterPropertiesAutoScalerProfileArgsDict = {
    "expander": "least-waste",
    # A node that is removed and soon needed again costs another model download.
    "scale_down_unneeded_time": "20m",
    "scale_down_delay_after_add": "15m",
    # Otherwise the GPU Operator's own pods would keep an empty node from being removed.
    "ignore_daemonsets_utilization": True,
    # Model pods keep caches in emptyDir volumes; with `true` no GPU node is ever scaled down.
    "skip_nodes_with_local_storage": "false",
}


class Cluster(pulumi.ComponentResource):
    """`kubernetes` reaches the API server; `ready` is complete after every write of this component to the cluster."""

    cluster: containerservice.ManagedCluster
    system_pool: containerservice.AgentPool
    kubernetes: pulumi_kubernetes.Provider
    issuer_url: pulumi.Output[str]
    id: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: ClusterPlan,
        system_pool: AgentPoolPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        identities: ClusterIdentities,
        images: Sequence[pulumi.Resource],
        keys: Keys | None,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Cluster", name, None, opts)
        self._prefix, self._plan, self._scope = name, plan, scope
        kubelet = identities.kubelet
        self.cluster = containerservice.ManagedCluster(
            f"{name}-aks",
            resource_name_=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": "Base", "tier": plan.tier},
            kubernetes_version=plan.kubernetes,
            # Azure takes a name below our own private zone or a prefix for a public one, never both.
            dns_prefix=None if plan.private else plan.dns_prefix,
            fqdn_subdomain=plan.dns_prefix if plan.private else None,
            node_resource_group=plan.node_resource_group,
            identity={
                "type": containerservice.ResourceIdentityType.USER_ASSIGNED,
                # One output for the list: the SDK breaks on a list here when an `up --target` leaves the cluster out.
                "user_assigned_identities": identities.control_plane.id.apply(lambda id_: [id_]),
            },
            identity_profile={
                "kubeletidentity": {
                    "resource_id": kubelet.id,
                    "client_id": kubelet.client_id,
                    "object_id": kubelet.principal_id,
                }
            },
            enable_rbac=True,
            disable_local_accounts=True,
            aad_profile={
                "managed": True,
                "enable_azure_rbac": True,
                "admin_group_object_ids": list(plan.admin_groups),
                "tenant_id": scope.tenant_id,
            },
            oidc_issuer_profile={"enabled": True},
            security_profile={
                "workload_identity": {"enabled": True},
                **({"defender": audit.defender()} if audit is not None else {}),
                **hardening.image_cleaner(plan),
                **hardening.etcd_key(plan, keys),
            },
            disk_encryption_set_id=keys.disk_set if keys is not None else None,
            addon_profiles={**(audit.agent() if audit is not None else {}), **hardening.azure_policy(plan)} or None,
            node_resource_group_profile=hardening.node_resource_group(plan),
            api_server_access_profile=self._api_server(network),
            network_profile={
                "network_plugin": "azure",
                "network_plugin_mode": "overlay",
                "network_dataplane": "cilium",
                "network_policy": "cilium",
                "pod_cidr": plan.pod_cidr,
                "service_cidr": plan.service_cidr,
                "dns_service_ip": plan.dns_service_ip,
                "load_balancer_sku": "standard",
                # Load balancer rules run out of ports with large autoscaled pools; AKS' own NAT needs AKS' own network.
                "outbound_type": "userAssignedNATGateway",
                **({"advanced_networking": _POLICIES_BY_NAME} if plan.policies_by_name else {}),
            },
            agent_pool_profiles=[self._first_pool(network)],
            auto_scaler_profile={
                **AUTOSCALER,
                "max_node_provision_time": f"{plan.node_provision_minutes}m",
                "max_graceful_termination_sec": str(plan.scale_down_seconds),
            },
            auto_upgrade_profile={"upgrade_channel": plan.upgrade_channel, "node_os_upgrade_channel": "NodeImage"},
            storage_profile={
                "disk_csi_driver": {"enabled": True},
                # Nothing here uses the others; each is a privileged pod on every node.
                "file_csi_driver": {"enabled": "file" in plan.storage_drivers},
                "blob_csi_driver": {"enabled": "blob" in plan.storage_drivers},
                "snapshot_controller": {"enabled": "snapshot" in plan.storage_drivers},
            },
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    groups.platform,
                    *identities.ready,
                    *network.ready,
                    *(keys.ready if keys is not None else ()),
                ],
                protect=scope.protect,
                ignore_changes=self._azure_owned(),
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{CLUSTER_CREATE_MINUTES}m", update=f"{CLUSTER_UPDATE_MINUTES}m"
                ),
            ),
        )
        self.id = self.cluster.id
        self.issuer_url = self.cluster.oidc_issuer_profile.apply(_issuer)
        self.ready = [self.cluster]
        for window in plan.maintenance:
            self.ready.append(self._maintenance(window))
        # After the previous write as well: AKS accepts one operation on a cluster at a time.
        self.system_pool = agent_pool(
            system_pool,
            scope=scope,
            subnet_id=network.subnet_ids[NODES],
            parent=self,
            depends_on=[self.cluster, self.ready[-1]],
        )
        self.ready.append(self.system_pool)
        # Beside the pools: it is written to the cluster, and AKS accepts one operation at a time.
        self.ready += safeguards(name, plan.safeguards, self.cluster, after=self.system_pool, parent=self)
        before = [*network.ready, *images, *recorded(audit, "cluster", self.cluster, name=name, parent=self)]
        before += audit.collect(self.cluster, name=name, parent=self) if audit is not None else []
        self.kubernetes = self._kubernetes(before)
        self.register_outputs({"id": self.id, "issuer_url": self.issuer_url})

    def _azure_owned(self) -> list[str]:
        """Wire paths whose value Azure changes by itself, so that an update must not reset it."""
        # AKS takes pools here at creation only: later it refuses to add one and leaves those that are missing. Each
        # other pool has a resource of its own.
        owned = ["agentPoolProfiles"]
        if self._plan.follow_azure_version:
            # The upgrade channel raises the version; a downgrade to the declared one would be refused.
            owned.append("kubernetesVersion")
        return owned

    def _api_server(self, network: Network) -> ManagedClusterAPIServerAccessProfileArgsDict:
        """Both modes give the API server an address in the platform's network, so that nodes never leave it."""
        profile: ManagedClusterAPIServerAccessProfileArgsDict = {
            "enable_vnet_integration": True,
            "subnet_id": network.subnet_ids[API_SERVER],
            # Run-command bypasses network and audit.
            "disable_run_command": True,
        }
        if not self._plan.private:
            return {**profile, "authorized_ip_ranges": list(self._plan.authorized_ranges)}
        return {
            **profile,
            "enable_private_cluster": True,
            "enable_private_cluster_public_fqdn": False,
            # AKS' own zone would be made with the cluster: too late to be linked to where Pulumi runs.
            "private_dns_zone": network.zone_ids[API_SERVER_ZONE],
        }

    def _first_pool(self, network: Network) -> ManagedClusterAgentPoolProfileArgsDict:
        """Without an autoscaler and never changed: whatever AKS is sent with a later update must still be true."""
        pool = self._plan.first_pool
        profile: ManagedClusterAgentPoolProfileArgsDict = {
            "name": pool.name,
            "mode": "System",
            "type": "VirtualMachineScaleSets",
            "vm_size": pool.vm_size,
            "count": pool.nodes,
            "vnet_subnet_id": network.subnet_ids[NODES],
            "max_pods": _FIRST_MAX_PODS,
            "node_taints": [pool.taint],
            "os_type": "Linux",
            "os_sku": "Ubuntu",
            "os_disk_type": "Managed",
            "os_disk_size_gb": _FIRST_DISK_GIB,
            "local_dns_profile": {"mode": "Disabled"},
            "upgrade_settings": {"max_surge": "1", "drain_timeout_in_minutes": pool.drain_minutes},
        }
        if pool.security.encryption_at_host:
            profile["enable_encryption_at_host"] = True
        if (security := security_profile(pool.security)) is not None:
            profile["security_profile"] = security
        return profile

    def _maintenance(self, plan: MaintenancePlan) -> containerservice.MaintenanceConfiguration:
        """After the previous write: AKS accepts one operation on a cluster at a time."""
        return containerservice.MaintenanceConfiguration(
            f"{self._prefix}-maintenance-{plan.schedule}",
            config_name=plan.schedule,
            resource_name_=self._plan.name,
            resource_group_name=self._scope.resource_group,
            maintenance_window={
                "schedule": {"weekly": {"day_of_week": plan.day, "interval_weeks": 1}},
                "start_time": plan.start,
                "duration_hours": plan.hours,
                "utc_offset": plan.utc_offset,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.ready[-1]]),
        )

    def _kubernetes(self, before: Sequence[pulumi.Resource]) -> pulumi_kubernetes.Provider:
        """The provider, and with it every object, waits for network, images and what records the cluster."""
        credentials = containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=self._scope.resource_group,
            resource_name=self._plan.name,
            format="exec",
            # The cluster alone: waiting for more would make the kubeconfig, and with it every object, unknown in a
            # preview that merely adds to the network.
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[self.cluster]),
        )
        login, server_id = self._plan.login, self._plan.login_server_id
        return pulumi_kubernetes.Provider(
            f"{self._prefix}-kubernetes",
            kubeconfig=pulumi.Output.secret(credentials.apply(lambda found: _kubeconfig(found, login, server_id))),
            # A pair, never one of them: the fixed identifier keeps a changed kubeconfig from replacing every object,
            # `deleted_with` replaces them when the cluster itself is.
            cluster_identifier=self._plan.identifier,
            enable_server_side_apply=True,
            # What the program says wins over whoever wrote the field last, KEDA, a policy engine or a person: otherwise
            # one foreign field makes every preview fail with a conflict, and nothing can be put back.
            enable_patch_force=True,
            # By default only discovery has a limit (32 s): any other request without an answer is waited for without
            # end. A minute is what the API server itself gives a request.
            kube_client_settings={"timeout": REQUEST_SECONDS},
            opts=pulumi.ResourceOptions(
                parent=self,
                # With the system pool: what is created in the cluster needs a node, and moves when the pool is new.
                depends_on=[self.cluster, self.system_pool, *before],
                deleted_with=self.cluster,
            ),
        )


def _issuer(profile: containerservice.outputs.ManagedClusterOIDCIssuerProfileResponse | None) -> str:
    """The OIDC issuer that Azure made for the cluster."""
    if profile is None:
        raise ValueError("Azure reports no OIDC issuer for a cluster that asks for one")
    return profile.issuer_url


def _kubeconfig(credentials: ListManagedClusterUserCredentialsResult, login: str, server_id: str) -> str:
    return with_kubelogin(base64.b64decode(credentials.kubeconfigs[0].value).decode(), login, server_id)
