"""What must hold in every stack and example, each with its reason: tables in `invariants/`, and what needs code."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest
import yaml

import catalog
from tests.graph import invariant_access as access
from tests.graph import invariant_alerts as alerts
from tests.graph import invariant_references as references
from tests.graph.invariant import STACKS_IN_ORDER, TABLES, Check, Resource, resources, rows, settings
from tests.graph.stacks import TRIALS

PUBLISHED = TABLES.with_name("published_names")
# In production a change that would replace or delete one of these is refused, and why.
PROTECTED = {
    "azure-native:compute:DiskEncryptionSet": "without it no disk can be read",
    "azure-native:containerregistry:Registry": "its images, and a name that stays taken",
    "azure-native:containerservice:ManagedCluster": "everything inside",
    "azure-native:keyvault:Key": "what is encrypted with it",
    "azure-native:keyvault:Vault": "the only copy of secrets",
    "azure-native:monitor:AzureMonitorWorkspace": "metrics so far",
    "azure-native:network:PublicIPAddress": "others have it on their allow lists",
    "azure-native:operationalinsights:Workspace": "what happened so far",
    "azure-native:redisenterprise:Database": "what tenants have taken this month",
    "azure-native:redisenterprise:RedisEnterprise": "what tenants have taken this month",
    "azure-native:resources:ResourceGroup": "everything in it",
    "azure-native:storage:BlobContainer": "weights",
    "azure-native:storage:StorageAccount": "weights",
}


def of(stack: str, *kinds: str) -> list[Resource]:
    return [resource for resource in resources(stack) if resource["type"].rpartition(":")[2] in kinds]


def only(stack: str, kind: str, name: str) -> Any:
    (found,) = (
        resource["inputs"]
        for resource in of(stack, kind)
        if name in (resource["inputs"].get("name"), resource["inputs"].get("metadata", {}).get("name"))
    )
    return found


def is_production(stack: str) -> bool:
    return settings(stack)["platform"]["environment"] == "prod"


def protected(stack: str) -> Iterator[str]:
    """What can't be made again is protected in production, and nothing is elsewhere: there it must be easy to go."""
    for resource in resources(stack):
        wanted = is_production(stack) and (resource["type"] in PROTECTED or resource["type"].endswith(":Guard"))
        # By this identity the store reads its key: gone, nobody reads weights.
        wanted |= is_production(stack) and resource["name"] == "keys-store-identity"
        if resource["options"]["protect"] is not wanted:
            yield f"{resource['type']} {resource['name']} has protect {resource['options']['protect']}"


def guarded(stack: str) -> Iterator[str]:
    """A destroy of a protected stack begins with the guards, which refuse it before anything is deleted."""
    guards = {resource["name"] for resource in of(stack, "Guard")}
    for resource in resources(stack):
        inner = {"Guard", "ModelRoute", "ModelScaling", "WorkloadIdentity"}
        kind = resource["type"].removeprefix("llm-platform:components:")
        if kind != resource["type"] and kind not in inner and f"guard-{resource['name']}" not in guards:
            yield f"nothing guards {resource['name']}"


def pools_are_replaced_in_order(stack: str) -> Iterator[str]:
    """A changed pool comes before the old one goes or, where quota holds one only, is deleted first: never in place."""
    for resource in of(stack, "AgentPool"):
        options = resource["options"]
        if bool(options["replace_on_changes"]) is not (options["delete_before_replace"] is True):
            yield f"{resource['name']}: {options['replace_on_changes']}, {options['delete_before_replace']}"


def security_rules(stack: str) -> Iterator[str]:
    """Rules let TCP in; the last refuses everything, before Azure's own. On nodes one port is refused after its rules.

    A refusal of everything on nodes would be one of pods to each other, which share their subnet.
    """
    for resource in of(stack, "NetworkSecurityGroup"):
        rules = sorted(resource["inputs"]["securityRules"], key=lambda rule: rule["priority"])
        refusal = ("Deny", "Tcp") if resource["name"].endswith("-nodes") else ("Deny", "*")
        refused: set[str] = set()
        for rule in rules:
            kind = (rule["access"], rule["protocol"])
            if kind not in {("Allow", "Tcp"), refusal}:
                yield f"{resource['name']}: {rule['access']} of {rule['protocol']}"
            if rule["access"] == "Allow" and refused & {rule["destinationPortRange"], "*"}:
                yield f"{resource['name']}: {rule['name']} comes after what refuses it"
            if rule["access"] == "Deny":
                refused.add(rule["destinationPortRange"])
        if not rules or rules[-1]["access"] != "Deny":
            yield f"{resource['name']}: the last rule refuses nothing"


def metrics_fit_on_the_disk(stack: str) -> Iterator[str]:
    """Blocks are deleted before KubePersistentVolumeFillingUp warns, below 15 % of free space."""
    spec = only(stack, "Release", "kube-prometheus-stack")["values"]["prometheus"]["prometheusSpec"]
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]
    share = int(spec["retentionSize"].removesuffix("GiB")) / int(claim.removesuffix("Gi"))
    if not 0.75 < share <= 0.80:
        yield f"{share:.1%} of the disk are used"


def kinds_with_conditions_may_be_read(stack: str) -> Iterator[str]:
    """kube-state-metrics lists each kind only with the right to, in the version that the platform writes."""
    values = only(stack, "Release", "kube-prometheus-stack")["values"]["kube-state-metrics"]
    rights = {(rule["apiGroups"][0], plural) for rule in values["rbac"]["extraRules"] for plural in rule["resources"]}
    listed = {
        tuple(item["groupVersionKind"][key] for key in ("group", "version", "kind"))
        for item in values["customResourceState"]["config"]["spec"]["resources"]
    }
    for group, _, kind in listed:
        plural = f"{kind.lower()[:-1]}ies" if kind.endswith("Policy") else f"{kind.lower()}s"
        if (group, plural) not in rights:
            yield f"no right to list {plural} of {group}"
    if len(rights) != len(listed):
        yield f"rights {sorted(rights)} for {sorted(listed)}"
    written = {
        (*resource["inputs"]["apiVersion"].split("/"), resource["inputs"]["kind"])
        for resource in resources(stack)
        if "/" in str(resource["inputs"].get("apiVersion"))
    }
    charts = {("cert-manager.io", "v1", "Certificate")}
    missing = {
        "Gateway", "AIGatewayRoute", "AIServiceBackend", "ExternalSecret", "SecretStore", "Certificate",
        "ScaledObject", "SecurityPolicy", "ClientTrafficPolicy", "BackendTrafficPolicy",
    } - {str(kind) for _, _, kind in listed}  # fmt: skip
    yield from (f"{item} is written nowhere" for item in sorted(listed - written - charts))
    yield from (f"{kind} is not read" for kind in sorted(missing))


def policies_have_accepted_and_objects_have_conditions(stack: str) -> Iterator[str]:
    """The gateway's policies say for each target whether it is accepted; other kinds have conditions of their own."""
    values = only(stack, "Release", "kube-prometheus-stack")["values"]["kube-state-metrics"]
    for item in values["customResourceState"]["config"]["spec"]["resources"]:
        kind, (metric,) = item["groupVersionKind"]["kind"], item["metrics"]
        if kind.endswith("TrafficPolicy") or kind == "SecurityPolicy":
            if metric["name"] != "llm_platform_policy_accepted":
                yield f"{kind} as {metric['name']}"
        elif metric["name"] != "llm_platform_object_condition":
            yield f"{kind} as {metric['name']}"


def alerts_reach_their_receivers(stack: str) -> Iterator[str]:
    """Each receiver gets its severities, urgent ones again every four hours, and that they are over."""
    config = only(stack, "Release", "kube-prometheus-stack")["values"]["alertmanager"].get("config")
    if config is None:
        return
    named = {receiver["name"]: receiver for receiver in config["receivers"]}
    taking = [route for route in config["route"]["routes"] if route["receiver"] != "NOBODY"]
    if {route["receiver"] for route in taking} != set(named) - {"NOBODY"}:
        yield f"routes to {[route['receiver'] for route in taking]}"
    beats = [route for route in taking if route["matchers"] == ['alertname = "Watchdog"']]
    routes = [route for route in taking if route not in beats]
    taken = {word for route in routes for word in re.findall(r"critical|warning|info", route["matchers"][0])}
    silent = {
        match[1]
        for route in config["route"]["routes"]
        if route["receiver"] == "NOBODY" and len(route["matchers"]) == 1
        for match in [re.fullmatch(r'severity = "(\w+)"', route["matchers"][0])]
        if match
    }
    if taken | silent != {"critical", "warning", "info", "none"} or taken & silent:
        yield f"{taken} reach somebody, {silent} nobody"
    yield from _routes_that_lose_alerts(routes)
    yield from _late_heartbeats(beats, config["route"]["routes"])
    beating = {route["receiver"] for route in beats}
    for name, receiver in named.items():
        for (notified,) in (value for key, value in receiver.items() if key.endswith("_configs")):
            if notified["send_resolved"] is (name in beating) or not re.search(r"_file'", str(notified)):
                yield f"{name}: {notified}"


def _routes_that_lose_alerts(routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for route in routes:
        if route["continue"] is not True or not re.fullmatch(r'severity =~ "[a-z|]+"', route["matchers"][0]):
            yield f"{route['receiver']}: others get nothing: {route}"
        if route["routes"] != [{"matchers": ['severity = "critical"'], "repeat_interval": "4h"}]:
            yield f"{route['receiver']}: {route['routes']}"
        if route["matchers"][1:] not in ([], ['owner =~ "gpus|platform|"']):
            yield f"{route['receiver']}: alerts of others, or none of the chart: {route['matchers']}"


def _late_heartbeats(beats: Sequence[Mapping[str, Any]], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A service that is called too seldom reports that alerting is down."""
    wanted = {"continue": True, "group_by": ["alertname"], "group_wait": "0s", "group_interval": "30s"}
    for route in beats:
        if {key: route.get(key) for key in wanted} != wanted or route["repeat_interval"] != "5m":
            yield f"{route['receiver']}: a heartbeat that comes late: {route}"
        if route not in routes[: len(beats)]:
            yield f"{route['receiver']}: another route takes the alert before: {routes}"


def helm_and_kubectl_come_from_where_the_chart_is(stack: str) -> Iterator[str]:
    """A chart that is no image is found in its repository alone."""
    for resource in of(stack, "Job"):
        for step in resource["inputs"]["spec"]["template"]["spec"].get("initContainers", [])[:1]:
            if any(part.startswith("oci://") for part in step["command"]) is ("--repo" in step["command"]):
                yield f"{resource['name']}: {step['command']}"


def only_the_host_is_privileged(stack: str) -> Iterator[str]:
    """Exporters and collectors of logs read their node, the GPU Operator loads drivers: nobody else has a reason."""
    may = {"node-exporter", "gpu-operator", "llm-log-collector"}
    for resource in of(stack, "Namespace"):
        enforced = resource["inputs"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        name = resource["inputs"]["metadata"]["name"]
        if (enforced == "privileged") is not (name in may):
            yield f"{name} is {enforced}"


def names_of_labels(stack: str) -> Iterator[str]:
    """An object's label `app.kubernetes.io/name` is its name, or that of the model it is of."""
    models = {model["name"] for model in settings(stack)["models"]}
    for resource in resources(stack):
        meta = resource["inputs"].get("metadata") if isinstance(resource["inputs"], dict) else None
        if resource["type"].startswith("kubernetes:") and meta:
            label = meta["labels"]["app.kubernetes.io/name"]
            if label not in {meta["name"], *models}:
                yield f"{resource['name']}: {label}"


def resources_keep_their_names(stack: str) -> Iterator[str]:
    """Another name is another resource: what was made under the former one is deleted, unless an alias names it."""
    names = {f"{resource['type']} {resource['name']}" for resource in resources(stack)}
    for resource in resources(stack):
        names |= {f"{resource['type']} {alias.name}" for alias in resource["options"]["aliases"] if alias.name}
    for line in published(stack):
        if not any(fnmatchcase(name, line) for name in names):
            yield f"nothing is called {line}"


@cache
def published(stack: str) -> list[str]:
    """Names that a trial stack has, and none before it."""
    file = PUBLISHED / f"{stack}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if stack in TRIALS else []


OWN = (
    protected,
    guarded,
    pools_are_replaced_in_order,
    security_rules,
    metrics_fit_on_the_disk,
    kinds_with_conditions_may_be_read,
    policies_have_accepted_and_objects_have_conditions,
    alerts_reach_their_receivers,
    helm_and_kubectl_come_from_where_the_chart_is,
    only_the_host_is_privileged,
    names_of_labels,
    resources_keep_their_names,
)
CHECKS = (*alerts.CHECKS, *references.CHECKS, *access.CHECKS)
# Functions say why in their docstrings, rows of tables in `why`.
FUNCTIONS: list[tuple[str, Check]] = [(check.__name__, check) for check in (*OWN, *CHECKS)]


def table(name: str) -> Check:
    def check(stack: str) -> Iterator[str]:
        for resource in resources(stack):
            for row in rows()[name]:
                if row.about(resource):
                    yield from row.problems(resource)

    return check


CHECKED = [*FUNCTIONS, *((path.stem, table(path.stem)) for path in sorted(TABLES.glob("*.yaml")))]


@pytest.mark.parametrize(("name", "check"), CHECKED, ids=[name for name, _ in CHECKED])
@pytest.mark.parametrize("stack", STACKS_IN_ORDER)
def test_a_stack_keeps(stack: str, name: str, check: Callable[[str], Iterator[str]]) -> None:
    reason = f" ({check.__doc__})" if check.__doc__ else ""
    assert list(check(stack)) == [], f"{name}{reason}"


@pytest.mark.parametrize("name", [path.stem for path in sorted(TABLES.glob("*.yaml"))])
def test_every_row_of_a_table_is_about_something(name: str) -> None:
    found = [resource for stack in STACKS_IN_ORDER for resource in resources(stack)]
    assert [row for row in rows()[name] if not any(row.about(resource) for resource in found)] == []


def test_every_chart_has_a_row() -> None:
    """A chart without one would be installed with values that nobody has a reason for."""
    about = str([row.where for row in rows()["availability_charts"] + rows()["availability_gateway"]])
    about += str([row.where for row in rows()["monitoring"]])
    without = {"gpu-operator", "ai-gateway-crds-helm"}  # the Plan has all of its values; it takes none
    names = {chart.name for chart in catalog.load().charts.values()} - without
    assert [name for name in sorted(names) if f"'{name}'" not in about] == []
