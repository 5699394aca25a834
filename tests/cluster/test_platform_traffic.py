"""Who may reach what on the shipped stacks, as docs/network.md says: network, Kubernetes API, Azure."""

import re
from collections.abc import Callable, Iterable, Iterator

import pytest

import catalog
from simulators.azure import access
from simulators.azure.cloud import AzureObject
from simulators.kubelet.pod_states import is_ready
from simulators.network import security_groups
from simulators.network.network_policies import Pods, pods_of
from simulators.network.port_sets import Ports
from tests.cluster import cluster_roles, traffic
from tests.cluster.cluster_roles import Account
from tests.cluster.documented_table import Fact
from tests.cluster.life import Life
from tests.cluster.traffic import Group, documented, is_ours

pytestmark = pytest.mark.cluster

_CRDS_ACCOUNT = "gateway-helm-crds"
_ANY_FILE = "any-file"
_ACTIONS = {
    access.READ_SECRET: "read secrets",
    access.WRITE_SECRET: "write secrets",
    access.READ_BLOB: "read blobs",
    access.WRITE_BLOB: "write blobs",
    access.PULL_IMAGE: "pull images",
    access.PUSH_IMAGE: "push images",
    access.JOIN_SUBNET: "join subnets",
    access.ASSIGN_IDENTITY: "hand out the identity",
    access.WRITE_DNS: "write DNS records",
}


def test_traffic_is_what_the_page_says(life: Life) -> None:
    client = life.engine.client
    groups = traffic.groups(client, life.plan.foundation)
    documented("traffic").require(life.name, traffic.admitted(groups, traffic.network_rules(client)))


def test_traffic_is_the_same_where_address_ranges_match_pods_and_nodes_too(life: Life) -> None:
    """Kubernetes leaves that to the network plugin, and a change of it must open nothing."""
    client = life.engine.client
    rules = traffic.network_rules(client)
    by_labels = traffic.admitted(traffic.groups(client, life.plan.foundation), rules)
    assert traffic.admitted(traffic.groups(client, life.plan.foundation, by_address=True), rules) == by_labels


def test_every_pod_that_runs_is_treated_as_the_table_says(life: Life) -> None:
    """Controllers and admission add labels to those of the template: none of them opens or closes anything."""
    client = life.engine.client
    groups, rules = traffic.groups(client, life.plan.foundation), traffic.network_rules(client)
    pods = client.list("v1", "Pod")
    assert pods
    for pod in pods:
        pod_end = pods_of(pod["metadata"]["namespace"], pod)
        # A model's, or, as the pod of a Job, none but its namespace's.
        own = max(groups_of(pod_end, groups), key=lambda pods: len(pods.labels))
        for group in groups:
            assert rules.admitted(pod_end, group.end) == rules.admitted(own, group.end), pod["metadata"]["name"]
            assert rules.admitted(group.end, pod_end) == rules.admitted(group.end, own), pod["metadata"]["name"]


def groups_of(pod: Pods, groups: Iterable[Group]) -> Iterator[Pods]:
    """The groups that a pod could be one of."""
    for end in (group.end for group in groups):
        if isinstance(end, Pods) and end.namespace == pod.namespace and end.labels.items() <= pod.labels.items():
            yield end


def test_the_gateway_reaches_every_ready_pod_of_a_model_by_its_own_address(life: Life) -> None:
    """From the name in the gateway's Backend over the addresses behind it to what the policies admit."""
    client, rules = life.engine.client, traffic.network_rules(life.engine.client)
    (proxies,) = (
        group.end for group in traffic.groups(client, life.plan.foundation) if group.name == "gateway proxies"
    )
    for model in life.plan.models:
        backend = client.get("gateway.envoyproxy.io/v1alpha1", "Backend", model.name, model.namespace)
        (endpoint,) = backend["spec"]["endpoints"]
        name, namespace, *domain = endpoint["fqdn"]["hostname"].split(".")
        assert domain == ["svc", "cluster", "local"]
        service = client.get("v1", "Service", name, namespace)
        # Without an address of its own; with one the name would stand for all pods at once.
        assert service["spec"]["clusterIP"] == "None"
        addressed = {
            address: (entry["conditions"]["ready"], [port["port"] for port in entries["ports"]])
            for entries in client.list("discovery.k8s.io/v1", "EndpointSlice", namespace)
            if entries["metadata"]["labels"]["kubernetes.io/service-name"] == name
            for entry in entries["endpoints"]
            for address in entry["addresses"]
        }
        pods = [pod for workload in model.workloads for pod in life.pods(namespace, workload.name)]
        assert pods
        ready = {pod["status"]["podIP"] for pod in pods if is_ready(pod)}
        assert {address for address, (is_ready_, _) in addressed.items() if is_ready_} == ready
        assert {tuple(ports) for _, ports in addressed.values()} == {(endpoint["fqdn"]["port"],)}
        for pod in pods:
            assert rules.admitted(proxies, pods_of(namespace, pod)) == Ports.of("TCP", endpoint["fqdn"]["port"])


def test_policies_are_enforced_and_there_are_none_of_another_kind(life: Life) -> None:
    network = access.the_cluster(life.engine.cloud).inputs["networkProfile"]
    assert (network["networkDataplane"], network["networkPolicy"]) == ("cilium", "cilium")
    policies = {type_ for type_, _ in life.objects() if type_.endswith("NetworkPolicy")}
    assert policies == {"kubernetes:networking.k8s.io/v1:NetworkPolicy"}


def test_namespaces_are_closed_or_open_as_the_page_says(life: Life) -> None:
    client = life.engine.client
    documented("namespaces").require(life.name, traffic.limits(client, traffic.network_rules(client)))


def test_subnets_let_in_what_the_page_says(life: Life) -> None:
    let_in = security_groups.let_in(life.engine.cloud)
    facts = {(source, subnet, words) for source, subnet, ports in let_in for words in ports.words()}
    documented("subnets").require(life.name, facts)


def subjects(life: Life) -> Iterator[tuple[Account, str]]:
    """Service accounts that we declare, and the one that a pod gets that names none; with their names on the page."""
    models = {(model.namespace, model.service_account) for model in life.plan.models}
    for account in filter(is_ours, life.engine.client.list("v1", "ServiceAccount")):
        found = Account(account["metadata"]["namespace"], account["metadata"]["name"])
        yield found, f"{found.namespace}/{'MODEL' if (found.namespace, found.name) in models else found.name}"
    for namespace in sorted({namespace for namespace, _ in models}):
        yield Account(namespace, "default"), f"{namespace}/default"


def test_service_accounts_may_do_what_the_page_says(life: Life) -> None:
    client = life.engine.client
    facts = traffic.merged(
        ((account.user,), (shown,), cluster_roles.allowed(client, account)) for account, shown in subjects(life)
    )
    documented("kubernetes").require(life.name, facts)


def test_the_authorizer_answers_as_the_page_says(life: Life) -> None:
    client = life.engine.client
    account, _ = next(subjects(life))
    facts = cluster_roles.allowed(client, account)
    assert cluster_roles.disagreements(client, account, facts) == []
    # The comparison is not idle: without its rows the authorizer disagrees.
    assert cluster_roles.disagreements(client, account, frozenset())


def test_the_only_roles_are_those_of_the_crds_job_of_monitoring_and_for_tokens_of_the_stores(life: Life) -> None:
    """Who else has Secrets by them is on the page: tests/cluster/test_secret_rights.py."""
    named = ("monitoring-admission", "monitoring-operator")
    expected = [
        *(f"{kind} /{_CRDS_ACCOUNT}" for kind in ("ClusterRole", "ClusterRoleBinding")),
        *(
            f"{kind} /{name}"
            for kind in ("ClusterRole", "ClusterRoleBinding")
            for name in (*named, "monitoring-prometheus")
        ),
        "Role monitoring/grafana-dashboards",
        *(f"{kind} monitoring/{name}" for kind in ("Role", "RoleBinding") for name in named),
        *(
            f"{kind} {namespace}/key-vault-reader-tokens"
            for kind in ("Role", "RoleBinding")
            for namespace in life.plan.secrets.stores
        ),
    ]
    found = cluster_roles.not_of_kubernetes(life.engine.client)
    assert sorted(found) == sorted(expected)
    assert len([type_ for type_, _ in life.objects() if "rbac" in type_]) == len(expected)


def test_external_secrets_gets_tokens_of_the_stores_accounts_and_of_no_others(life: Life) -> None:
    """Its chart's own roles are not rendered here; that they hold no such right is a value of the chart."""
    client, operator = life.engine.client, life.plan.secrets
    account = Account(operator.chart.namespace, operator.service_account)
    accounts = [
        (found["metadata"]["namespace"], found["metadata"]["name"]) for found in client.list("v1", "ServiceAccount")
    ]
    given = {found for found in accounts if cluster_roles.gets_tokens_of(client, account, *found)}
    assert given == {(namespace, "key-vault-reader") for namespace in operator.stores}


def test_only_the_pod_of_that_job_holds_a_token_of_the_api_server(life: Life) -> None:
    client = life.engine.client
    pods = client.list("v1", "Pod")
    assert pods
    for pod in pods:
        holds = bool(cluster_roles.tokens_for_the_api(pod))
        assert holds == (pod["spec"].get("serviceAccountName") == _CRDS_ACCOUNT), pod["metadata"]["name"]
    accounts = [account for account in client.list("v1", "ServiceAccount") if is_ours(account)]
    assert {
        account["metadata"]["name"] for account in accounts if account.get("automountServiceAccountToken") is not False
    } == set()
    # One updates CRDs, and one in each namespace with secrets reads the vault.
    assert len(accounts) == len(life.plan.models) + 1 + len(life.plan.secrets.stores)


def identities(life: Life) -> dict[str, set[str]]:
    """Principals in Azure by the name that the page has for them."""
    cloud = life.engine.cloud
    cluster = access.the_cluster(cloud)
    control_plane = cluster.outputs["identity"]["userAssignedIdentities"].values()
    found = {
        "AKS control plane": {str(user["principalId"]) for user in control_plane},
        "members of the admin groups": set(life.plan.foundation.cluster.admin_groups),
        "kubelets": {str(cluster.outputs["identityProfile"]["kubeletidentity"]["objectId"])},
        "the registry's account for its cache": {
            str(resource.outputs["identity"]["principalId"])
            for resource in cloud.azure
            if resource.token == "containerregistry:CredentialSet"
        },
    }
    for account, shown in subjects(life):
        principals = {
            str(identity.outputs["principalId"])
            for identity in access.identities(cloud, account.namespace, account.name)
        }
        found.setdefault(shown, set()).update(principals)
    return found


def names_in_the_stack(life: Life) -> Callable[[str], str]:
    """Names in the preview for ids: a resource's own, or that of the resource which holds it, with the path in it."""
    names = {one["id"]: urn.rsplit("::", 1)[1] for urn, one in life.stack.resources().items() if one.get("id")}

    def name(id_: str) -> str:
        if id_ in names:
            return names[id_]
        holder = max((known for known in names if id_.startswith(f"{known}/")), key=len)
        return names[holder] + id_.removeprefix(holder)

    return name


def roles_in_azure(life: Life, principal: str) -> frozenset[Fact]:
    """(role, resource) of a principal."""
    roles, name = {id_: role for role, id_ in catalog.load().azure.roles.items()}, names_in_the_stack(life)
    return frozenset(
        (roles[str(grant.inputs["roleDefinitionId"]).rsplit("/", 1)[1]], name(str(grant.inputs["scope"])))
        for grant in assignments(life)
        if grant.inputs["principalId"] == principal
    )


def assignments(life: Life) -> list[AzureObject]:
    return [resource for resource in life.engine.cloud.azure if resource.token == "authorization:RoleAssignment"]


def allowed_in_azure(life: Life, principal: str) -> frozenset[Fact]:
    """(action, resource) of a principal; what a resource holds goes with it."""
    cloud, name = life.engine.cloud, names_in_the_stack(life)
    # A role may be given on one secret, which is no resource of the stack.
    known = {resource.id for resource in cloud.azure} | {str(grant.inputs["scope"]) for grant in assignments(life)}
    # Nor is what a model may read of the container: each another folder, FOLDER on the page.
    known |= {f"{grant.inputs['scope']}/blobs/{_folder(grant)}/{_ANY_FILE}" for grant in assignments(life)}
    found = set()
    for action, words in _ACTIONS.items():
        # Microsoft.Network/virtualNetworks/subnets/join/action is about what lies in virtual networks.
        kind = "/".join(action.split("/")[:2])
        ids = {id_ for id_ in known if f"/{kind}/" in id_ and access.principal_may(cloud, principal, action, id_)}
        tops = {id_ for id_ in ids if not any(id_.startswith(f"{parent}/") for parent in ids)}
        found |= {(words, re.sub(rf"/[^/]+/{_ANY_FILE}$", "/FOLDER", name(id_))) for id_ in tops}
    return frozenset(found)


def _folder(grant: AzureObject) -> str:
    """The folder that the condition of an assignment names; empty without one."""
    named = re.search(r"StringLike '([^'*]+)/\*'", str(grant.inputs.get("condition") or ""))
    return named[1] if named else ""


def test_identities_have_in_azure_the_roles_that_the_page_says(life: Life) -> None:
    named = identities(life)
    facts = (
        ((principal,), (shown,), roles_in_azure(life, principal))
        for shown, principals in named.items()
        for principal in principals
    )
    documented("roles").require(life.name, traffic.merged(facts))
    assert {grant.inputs["principalId"] for grant in assignments(life)} <= set[str]().union(*named.values())


def test_identities_may_do_in_azure_what_the_page_says(life: Life) -> None:
    named = identities(life)
    facts = (
        ((principal,), (shown,), allowed_in_azure(life, principal))
        for shown, principals in named.items()
        for principal in principals
    )
    documented("azure").require(life.name, traffic.merged(facts))


def test_people_administer_the_cluster_through_entra_alone(life: Life) -> None:
    cluster = access.the_cluster(life.engine.cloud).inputs
    assert cluster["disableLocalAccounts"] is True
    assert cluster["enableRBAC"] is True
    assert cluster["aadProfile"]["enableAzureRBAC"] is True
    assert cluster["aadProfile"]["adminGroupObjectIDs"] == list(life.plan.foundation.cluster.admin_groups)
