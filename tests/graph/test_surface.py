"""How clients find the gateway and trust it: a signed certificate, a fixed address with a name, port 80."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulators.helm.chart_values import schema_problems, unknown_paths
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of

_REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
_DNS = {"zone": "acme.example", "zone_resource_group": "rg-dns"}
_PREFIX = "service.beta.kubernetes.io/azure-"
_CUSTOM = ("cert-manager.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io")


def _signed(sections: Sections) -> None:
    del sections["gateway"]["certificate"]
    sections["gateway"]["tls"] = {
        "issuer": "acme", "email": "ops@acme.example", "dns_zone": "acme.example", "zone_resource_group": "rg-dns",
    }  # fmt: skip


def _internal(sections: Sections) -> None:
    sections["gateway"]["dns"] = {**_DNS, "private": True}


def _public(sections: Sections) -> None:
    sections["gateway"].update(exposure="public", dns=_DNS)


def _redirecting(sections: Sections) -> None:
    sections["gateway"]["http_redirect"] = True


@cache
def _graph(change: Callable[[Sections], None]) -> tuple[Entry, ...]:
    return tuple(graph_of("dev", change).to_json())


def _all(change: Callable[[Sections], None], kind: str) -> list[Entry]:
    """Resources of one kind; components may have the same."""
    return [
        entry
        for entry in _graph(change)
        if entry["type"].rpartition(":")[2] == kind and not entry["type"].startswith("llm-platform:")
    ]


def _one(change: Callable[[Sections], None], kind: str, name: str | None = None) -> Entry:
    found = [entry for entry in _all(change, kind) if name in {None, entry["name"]}]
    assert len(found) == 1, [entry["name"] for entry in found]
    return found[0]


def _waits_for(change: Callable[[Sections], None], entry: Entry) -> set[str]:
    """Names of everything that an entry comes after, whatever is in between."""
    by_urn = {resource["urn"]: resource for resource in _graph(change)}
    found: set[str] = set()
    left = list(entry["options"]["depends_on"])
    while left:
        before = by_urn[left.pop()]
        if before["name"] not in found:
            found.add(before["name"])
            left += before["options"]["depends_on"]
    return found


@pytest.mark.parametrize("change", [_signed, _internal, _public, _redirecting])
def test_objects_and_values_are_valid_by_the_real_definitions(change: Callable[[Sections], None]) -> None:
    known, problems = kinds(_REFERENCE / "crds"), []
    for entry in _graph(change):
        manifest = entry["inputs"]
        if str(manifest.get("apiVersion", "")).partition("/")[0] in _CUSTOM:
            kind = known[manifest["apiVersion"], manifest["kind"]]
            problems += [f"{entry['name']} {problem}" for problem in kind.problems(manifest)]
    assert problems == []
    release = _one(change, "Release", "certificates-release")["inputs"]
    version, values = release["version"], release["values"]
    charts = _REFERENCE / "charts"
    assert unknown_paths("cert-manager", values, charts, version) == []
    assert schema_problems("cert-manager", values, charts, version) == []


def test_a_certificate_is_signed_for_the_hostname_alone_and_in_one_zone() -> None:
    acme = _one(_signed, "ClusterIssuer")["inputs"]["spec"]["acme"]
    assert acme["server"] == "https://acme-v02.api.letsencrypt.org/directory"
    # Whoever may make Certificates elsewhere in the cluster gets none for other names.
    assert [solver["selector"] for solver in acme["solvers"]] == [{"dnsNames": ["llm.dev.acme.example"]}]
    assert acme["solvers"][0]["dns01"]["azureDNS"]["hostedZoneName"] == "acme.example"
    certificate = _one(_signed, "Certificate")["inputs"]
    assert certificate["spec"]["dnsNames"] == ["llm.dev.acme.example"]
    assert certificate["spec"]["issuerRef"]["kind"] == "ClusterIssuer"


def test_only_cert_managers_controller_may_write_the_record_and_nothing_else_in_azure() -> None:
    role = _one(_signed, "RoleAssignment", "certificates-azure-grant-zone-acme.example")["inputs"]
    assert role["scope"].endswith("/resourceGroups/rg-dns/providers/Microsoft.Network/dnsZones/acme.example")
    assert role["roleDefinitionId"].endswith("/befefa01-2a29-4197-83a8-272ff33ce314")
    credential = _one(_signed, "FederatedIdentityCredential", "certificates-azure-credential")["inputs"]
    assert credential["subject"] == "system:serviceaccount:cert-manager:cert-manager-dns"
    values = _one(_signed, "Release", "certificates-release")["inputs"]["values"]
    assert values["serviceAccount"] == {"create": False, "name": "cert-manager-dns"}
    assert values["podLabels"] == {"azure.workload.identity/use": "true"}
    # Webhook and injector of the chart have accounts of their own, and no label.
    assert "podLabels" not in values["webhook"]


def test_the_check_before_the_proof_is_not_deceived_by_a_private_zone() -> None:
    values = _one(_signed, "Release", "certificates-release")["inputs"]["values"]
    assert values["dns01RecursiveNameservers"] == "https://8.8.8.8/dns-query"
    assert values["dns01RecursiveNameserversOnly"] is True


def test_the_listener_turns_to_a_certificate_only_when_it_is_signed() -> None:
    """Another Secret than the vault's, which External Secrets deletes with its object."""
    certificate, gateway = _one(_signed, "Certificate"), _one(_signed, "Gateway")
    secret = certificate["inputs"]["spec"]["secretName"]
    assert gateway["inputs"]["spec"]["listeners"][0]["tls"]["certificateRefs"] == [{"name": secret}]
    assert secret != "gateway-certificate"
    assert certificate["inputs"]["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert certificate["urn"] in gateway["options"]["depends_on"]
    assert {"certificates-issuer", "certificates-release"} <= _waits_for(_signed, certificate)
    assert not [entry for entry in _all(_signed, "ExternalSecret") if entry["name"] == "gateway-certificate"]


def test_the_vaults_reader_may_not_read_a_certificate_that_is_not_there() -> None:
    readers = [entry["name"] for entry in _all(_signed, "RoleAssignment")]
    assert not [name for name in readers if name.endswith("secret-gateway-certificate")]


def test_cert_manager_reaches_the_internet_only_where_an_authority_signs() -> None:
    def outside(change: Callable[[Sections], None]) -> list[Any]:
        policy = _one(change, "NetworkPolicy", "certificates-traffic-controller")["inputs"]["spec"]
        return [peer["ipBlock"]["cidr"] for rule in policy.get("egress", ()) for peer in rule["to"]]

    assert outside(_signed) == ["0.0.0.0/0"]
    assert outside(_internal) == []


def test_an_internal_gateway_has_the_last_address_of_its_subnet_and_a_private_name() -> None:
    record = _one(_internal, "PrivateRecordSet")["inputs"]
    assert (record["privateZoneName"], record["relativeRecordSetName"]) == ("acme.example", "llm.dev")
    assert record["aRecords"] == [{"ipv4Address": "10.20.65.254"}]
    kubernetes = _one(_internal, "EnvoyProxy")["inputs"]["spec"]["provider"]["kubernetes"]
    annotations = kubernetes["envoyService"]["annotations"]
    assert annotations[f"{_PREFIX}load-balancer-ipv4"] == "10.20.65.254"
    assert annotations[f"{_PREFIX}load-balancer-internal"] == "true"
    assert _all(_internal, "PublicIPAddress") == [
        entry for entry in _all(_internal, "PublicIPAddress") if "nat" in entry["name"]
    ]


def test_a_public_gateway_has_a_fixed_address_that_the_cluster_may_use() -> None:
    address = _one(_public, "PublicIPAddress", "gateway-name-address")["inputs"]
    assert (address["sku"], address["publicIPAllocationMethod"]) == ({"name": "Standard"}, "Static")
    annotations = _one(_public, "EnvoyProxy")["inputs"]["spec"]["provider"]["kubernetes"]["envoyService"]["annotations"]
    assert annotations[f"{_PREFIX}pip-name"] == address["publicIpAddressName"]
    assert annotations[f"{_PREFIX}load-balancer-resource-group"] == address["resourceGroupName"]
    # The role is on a group that holds this address alone.
    others = {
        entry["inputs"].get("resourceGroupName")
        for entry in _graph(_public)
        if entry["name"] not in {"gateway-name-address", "gateway-name-group"}
    }
    assert address["resourceGroupName"] not in others
    record = _one(_public, "RecordSet")["inputs"]
    assert (record["zoneName"], record["relativeRecordSetName"], record["recordType"]) == (
        "acme.example", "llm.dev", "A",
    )  # fmt: skip
    waits = _waits_for(_public, _one(_public, "EnvoyProxy"))
    assert {"gateway-name-address", "gateway-name-grant-address"} <= waits


def test_port_80_sends_to_https_and_asks_for_no_key() -> None:
    https, http = _one(_redirecting, "Gateway")["inputs"]["spec"]["listeners"]
    assert (http["protocol"], http["port"], http["hostname"]) == ("HTTP", 80, https["hostname"])
    # Routes of models name the whole Gateway: admitted here, they would answer in plain text.
    assert http["allowedRoutes"]["namespaces"] == {"from": "Same"}
    route = _one(_redirecting, "HTTPRoute", "gateway-redirect")["inputs"]
    assert route["metadata"]["namespace"] == _one(_redirecting, "Gateway")["inputs"]["metadata"]["namespace"]
    assert route["spec"]["parentRefs"][0]["sectionName"] == http["name"]
    (rule,) = route["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"] == {"scheme": "https", "port": 443, "statusCode": 308}
    assert "backendRefs" not in rule
    # Neither key nor tenant is known there.
    for kind, name in (("SecurityPolicy", "gateway-security"), ("EnvoyExtensionPolicy", "gateway-tenants")):
        (target,) = _one(_redirecting, kind, name)["inputs"]["spec"]["targetRefs"]
        assert target["sectionName"] == https["name"], kind


def test_port_80_is_open_on_the_way_where_it_answers() -> None:
    policy = _one(_redirecting, "NetworkPolicy", "gateway-envoy-traffic-proxies")["inputs"]["spec"]
    assert {"protocol": "TCP", "port": 10080} in policy["ingress"][0]["ports"]
    subnet = _one(_redirecting, "NetworkSecurityGroup", "network-rules-gateway")["inputs"]
    opened = {rule["destinationPortRange"]: rule["access"] for rule in subnet["securityRules"]}
    assert opened == {"443": "Allow", "80": "Allow", "*": "Deny"}


@pytest.mark.parametrize("stack", ALL)
def test_nothing_listens_in_plain_text_unless_a_stack_asks(stack: str) -> None:
    gateways = [entry for entry in entries_of(stack) if entry["inputs"].get("kind") == "Gateway"]
    assert {listener["protocol"] for entry in gateways for listener in entry["inputs"]["spec"]["listeners"]} == {
        "HTTPS"
    }
