"""A stand-in for the azure-native provider: inputs are checked against ARM's definitions, state is kept in memory.

Source: pulumi/pulumi-azure-native provider/pkg/provider/provider.go (check, diff, create, update, delete), Azure's
definitions in Azure/bicep-types-az; each refusal names its own source in the module that decides it.
"""

import base64
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from simulators.azure import agent_pools, artifact_cache, change_rules, fixed_once_created, locks, monitoring
from simulators.azure.arm_paths import path_inputs, resource_id
from simulators.azure.arm_schema import ArmSchema
from simulators.azure.assigned_values import TENANT, born
from simulators.azure.cloud import AzureObject, Cloud, api_host
from simulators.provider_protocol.base import SimulatedProvider
from simulators.provider_protocol.calls import CallLog, RefusedError
from simulators.provider_protocol.differences import differences, touches
from simulators.provider_protocol.responses import CheckFailure, Difference
from simulators.provider_protocol.wire import Unknown

_TYPE: Final = re.compile(r"^azure-native:(?P<module>\w+)(?:/v(?P<version>\w+))?:(?P<name>\w+)$")
# What the provider keeps of the old outputs while an update is previewed (its `stableOutputs`).
_STABLE_OUTPUTS: Final = ("name", "location", "type", "azureApiVersion")
# Long enough that a second write, if the program allows one at the same time, arrives during the first.
_EXCLUSIVE_WRITE_SECONDS: Final = 0.1
_KUBELOGIN_SERVER: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"
_KUBELOGIN_CLIENT: Final = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
DEFAULT_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"


class AzureNative(SimulatedProvider):
    """Azure as pulumi-azure-native 3.29 sees it.

    `arm` is the folder of ARM's definitions, `subscription` the one that whoever runs the engine is signed in to.
    """

    package = "azure-native"
    version = "3.29.0"

    def __init__(self, log: CallLog, cloud: Cloud, arm: Path, subscription: str = DEFAULT_SUBSCRIPTION) -> None:
        super().__init__(log)
        self.cloud = cloud
        self.warnings: set[tuple[str, str, str]] = set()
        self._arm = arm
        self._schemas: dict[str, ArmSchema] = {}
        self._signed_in = self._subscription = subscription

    def has(self, token: str, id_: str, location: str) -> None:
        """Let a resource and its group exist before any program runs."""
        group = "/".join(id_.split("/")[:5])
        for kind, where in (("resources:ResourceGroup", group), (token, id_)):
            name = where.rsplit("/", 1)[1]
            self.cloud.put(AzureObject(where, kind, {"location": location}, {"name": name, "location": location}))

    def configure(self, settings: dict[str, Any]) -> None:
        """Take over the subscription of the provider's settings, else that of the sign-in."""
        self._subscription = settings.get("subscriptionId") or self._signed_in

    def _schema(self, type_: str) -> ArmSchema:
        match = _TYPE.match(type_)
        if match is None:
            raise RefusedError(f"{type_} is no type of this provider")
        token = f"{match['module']}:{match['name']}"
        if token not in self._schemas:
            try:
                self._schemas[token] = ArmSchema.load(self._arm, token)
            except FileNotFoundError:
                raise RefusedError(f"{type_}: there is no ARM definition of it, its inputs can't be checked") from None
        schema = self._schemas[token]
        if match["version"] and match["version"] != schema.api_version.replace("-", ""):
            raise RefusedError(f"{type_}: the available ARM definition is of {schema.api_version}")
        return schema

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Check inputs against ARM; the location defaults to the resource group's if known, as in the provider."""
        try:
            schema = self._schema(type_)
        except RefusedError as error:
            return new, [CheckFailure("", str(error))]
        inputs = dict(new)
        if schema.is_located and "location" not in inputs:
            location = old.get("location") or self._group_location(inputs)
            inputs |= {"location": location} if location else {}
        problems = schema.check(inputs)
        self.warnings |= {
            (schema.token, problem.path, problem.reason) for problem in problems if problem.severity == "warning"
        }
        return inputs, [CheckFailure(item.path, item.reason) for item in problems if item.severity == "error"]

    def _group_location(self, inputs: dict[str, Any]) -> str | None:
        name = inputs.get("resourceGroupName")
        group = self.cloud.group(self._subscription, name) if isinstance(name, str) else None
        return str(group.outputs["location"]) if group is not None else None

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """Compare inputs; what azure-native replaces is deleted first, since every name here is given."""
        del id_
        changes = differences(old, new)
        rules = change_rules.replacement_rules(self._schema(type_).token)
        replaces = frozenset(path for path in changes if touches(path, rules))
        return Difference(changes, replaces, delete_before_replace=True)

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Nothing: what Azure answers is unknown before the request."""
        del type_, inputs
        return {}

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create a resource in a group and a parent that exist."""
        schema = self._schema(type_)
        inputs = dict(inputs)
        if schema.is_located and "location" not in inputs:
            inputs["location"] = self._group_location(inputs)
        self._require_known(inputs)
        id_ = resource_id(schema.token, schema.arm_type, self._subscription, inputs)
        self._require_surroundings(schema, inputs, id_)
        monitoring.require(self.cloud, schema.token, id_, inputs)
        agent_pools.require_system_pool(self.cloud, schema.token, id_, inputs)
        with self._exclusive(schema.token, id_):
            parts = id_.rsplit("/agentPools/", 1)
            inline = len(parts) > 1 and parts[1] in agent_pools.pools_of(self.cloud, parts[0])
            if inline or self.cloud.find(id_) is not None:
                raise RefusedError(f"cannot create already existing resource '{id_}'")
            resource = self._settle(schema, id_, inputs)
        if (host := api_host(resource)) is not None:
            self.cloud.start_cluster(host)
        return id_, resource.outputs

    @staticmethod
    def _require_known(inputs: dict[str, Any]) -> None:
        unknown = [key for key, value in inputs.items() if isinstance(value, Unknown)]
        if unknown:
            raise RefusedError(f"unknown values at creation: {', '.join(unknown)}")

    def _require_surroundings(self, schema: ArmSchema, inputs: dict[str, Any], id_: str) -> None:
        name = inputs.get("resourceGroupName")
        if schema.token == "resources:ResourceGroup":
            return
        if name is not None and self.cloud.group(self._subscription, name) is None:
            raise RefusedError(f"ResourceGroupNotFound: resource group '{name}' could not be found")
        parent = id_.rsplit("/", 2)[0]
        nested = schema.arm_type.count("/") > 1 and "/blobServices/" not in id_ and "/fileServices/" not in id_
        if nested and self.cloud.find(parent) is None:
            raise RefusedError(f"ParentResourceNotFound: '{parent}' does not exist, so '{id_}' can't be created")
        if schema.token == "containerregistry:CacheRule":
            others = (found.inputs for found in self.cloud.below(parent) if found.token == schema.token)
            if (why := artifact_cache.refusal(inputs, others)) is not None:
                raise RefusedError(why)
        if schema.token == "managedidentity:FederatedIdentityCredential":
            limit = change_rules.FEDERATED_CREDENTIALS_PER_IDENTITY
            if len(list(self.cloud.below(parent))) >= limit:
                raise RefusedError(f"an identity takes {limit} federated credentials, '{parent}' has them all")

    @contextmanager
    def _exclusive(self, token: str, id_: str) -> Generator[None]:
        message = change_rules.one_at_a_time(token)
        if message is None:
            yield
            return
        parent = id_.rsplit("/", 2)[0]
        self.cloud.begin(parent, message)
        try:
            time.sleep(_EXCLUSIVE_WRITE_SECONDS)
            yield
        finally:
            self.cloud.end(parent)

    def _settle(self, schema: ArmSchema, id_: str, inputs: dict[str, Any]) -> AzureObject:
        name = id_.rsplit("/", 1)[1]
        hidden = set(path_inputs(schema.token)) - {"name"}
        outputs: dict[str, Any] = {key: value for key, value in inputs.items() if key not in hidden}
        outputs |= {"name": name, "type": schema.arm_type, "azureApiVersion": schema.api_version}
        if "scope" in inputs:
            outputs["scope"] = inputs["scope"]
        resource = AzureObject(id_, schema.token, inputs, outputs)
        resource.outputs |= {key: value for key, value in born(resource, self.cloud).items() if value is not None}
        if schema.token == "containerservice:AgentPool":
            # `type` is the kind of the pool here and the ARM type everywhere else.
            resource.outputs["type"] = inputs.get("type", schema.arm_type)
        self.cloud.put(resource)
        return resource

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Inputs and outputs of a resource as they are now."""
        del type_
        found = self.cloud.find(id_)
        return (found.inputs, found.outputs) if found is not None else None

    def preview_update(self, type_: str, old: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Only what an update cannot change; all the rest is unknown until it has happened."""
        del type_, inputs
        return {key: old[key] for key in _STABLE_OUTPUTS if key in old}

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Change a resource; Azure refuses to change what is fixed at creation."""
        schema = self._schema(type_)
        found = self.cloud.find(id_)
        if found is None:
            raise RefusedError(f"ResourceNotFound: '{id_}' was not found")
        agent_pools.require_system_pool(self.cloud, schema.token, id_, inputs)
        monitoring.require(self.cloud, schema.token, id_, inputs)
        old = found.inputs
        if schema.token == agent_pools.CLUSTER:
            old = agent_pools.matched(self.cloud, id_, inputs)
        refused = change_rules.refused_changes(schema.token, differences(old, inputs))
        if refused:
            named = ", ".join(f"'{path}'" for path in refused)
            raise RefusedError(f"PropertyChangeNotAllowed: changing property {named} is not allowed")
        subnets = [item.inputs["addressPrefix"] for item in self.cloud.below(id_) if item.token == "network:Subnet"]
        fixed_once_created.refuse(schema.token, found.inputs, inputs, subnets)
        inputs = fixed_once_created.kept(schema.token, found.inputs, inputs)
        with self._exclusive(schema.token, id_):
            kept = agent_pools.kept(found.inputs, inputs) if schema.token == agent_pools.CLUSTER else inputs
            return self._settle(schema, id_, kept).outputs

    def delete(self, type_: str, id_: str) -> None:
        """Delete a resource and all inside it; one that is gone already (404) is fine."""
        schema = self._schema(type_)
        if self.cloud.find(id_) is None:
            return
        locks.refuse(self.cloud, schema.token, id_)
        agent_pools.require_another_system_pool(self.cloud, schema.token, id_)
        for user in self.cloud.azure:
            if user.token in change_rules.holders(schema.token) and change_rules.names(user.id, user.inputs, id_):
                raise RefusedError(f"InUse: '{id_}' can't be deleted, '{user.id}' uses it")
        with self._exclusive(schema.token, id_):
            self.cloud.remove(id_)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The one function that is simulated: a user's kubeconfig of a cluster that exists."""
        if not re.match(r"^azure-native:containerservice(/v\w+)?:listManagedClusterUserCredentials$", token):
            return super().invoke(token, arguments)
        wanted = (
            f"/subscriptions/{self._subscription}/resourceGroups/{arguments['resourceGroupName']}"
            f"/providers/Microsoft.ContainerService/managedClusters/{arguments['resourceName']}"
        )
        cluster = self.cloud.find(wanted)
        if cluster is None:
            raise RefusedError(f"ResourceNotFound: the cluster '{wanted}' was not found")
        text = yaml.safe_dump(_kubeconfig(cluster, self.api_server(cluster)), sort_keys=False)
        value = base64.b64encode(text.encode()).decode()
        return {"kubeconfigs": [{"name": "clusterUser", "value": value}]}

    def api_server(self, cluster: AzureObject) -> dict[str, str]:
        """Address and authority of a cluster's API server, as its kubeconfig has them."""
        authority = base64.b64encode(f"authority of {cluster.outputs['name']}".encode()).decode()
        return {"certificate-authority-data": authority, "server": f"https://{api_host(cluster)}:443"}


def _kubeconfig(cluster: AzureObject, server: dict[str, str]) -> dict[str, Any]:
    """What AKS answers with `format=exec`: kubelogin with a device code, which only a person at a screen can use."""
    name, user = str(cluster.outputs["name"]), f"clusterUser_{cluster.inputs['resourceGroupName']}"
    arguments = ["get-token", "--environment", "AzurePublicCloud", "--server-id", _KUBELOGIN_SERVER]
    arguments += ["--client-id", _KUBELOGIN_CLIENT, "--tenant-id", TENANT, "--login", "devicecode"]
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": arguments,
        "command": "kubelogin",
        "env": None,
        "provideClusterInfo": False,
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": server}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
        "users": [{"name": user, "user": {"exec": login}}],
    }
