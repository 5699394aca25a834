"""The export of usage in the graph: nothing without the section; with it a closed Job that writes to one container."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from charge_back.settings import read
from simulators.azure.arm_schema import ArmSchema
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of

_REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
_GROUP = "11111111-2222-4333-8444-555555555555"
_CONTRIBUTOR, _READER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_PRICES = [
    {"model": "chat", "usd_per_million_input_tokens": 0.2, "usd_per_million_cached_tokens": 0.05,
     "usd_per_million_output_tokens": 0.8},
    {"model": "embed", "usd_per_million_input_tokens": 0.02},
]  # fmt: skip


def _export(sections: Sections) -> None:
    prices = _PRICES if [model["name"] for model in sections["models"]] == ["chat", "embed"] else []
    own = {"since": "2026-12-01", "keep_days": 500, "readers": [_GROUP], "prices": prices}
    sections.setdefault("observability", {})["usage_export"] = own


@cache
def _exported(stack: str = "dev") -> tuple[Entry, ...]:
    return tuple(graph_of(stack, _export).to_json())


def _named(entries: tuple[Entry, ...], name: str) -> Entry:
    (found,) = [entry for entry in entries if entry["urn"].endswith(f"::{name}")]
    return found


def _object(entries: tuple[Entry, ...], kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        entry["inputs"]
        for entry in entries
        if entry["inputs"].get("kind") == kind and entry["inputs"]["metadata"]["name"] == name
    ]
    return found


def _pod(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return _object(entries, "CronJob", "usage-export")["spec"]["jobTemplate"]["spec"]["template"]


def _program(entries: tuple[Entry, ...]) -> dict[str, Any]:
    (found,) = [entry["inputs"] for entry in entries if "::monitoring-usage-export-program-" in entry["urn"]]
    return found


@pytest.mark.parametrize("stack", ALL)
def test_without_the_section_there_is_none_of_it(stack: str) -> None:
    assert [entry["urn"] for entry in entries_of(stack) if "usage" in entry["urn"]] == []
    assert not [entry for entry in entries_of(stack) if "docker.io/library/python" in json.dumps(entry["inputs"])]


def test_the_mounted_program_is_whole(tmp_path: Path) -> None:
    (mount,) = _pod(_exported())["spec"]["containers"][0]["volumeMounts"]
    (container,) = _pod(_exported())["spec"]["containers"]
    folder = tmp_path / Path(mount["mountPath"]).relative_to(container["workingDir"])
    folder.mkdir()
    for name, text in _program(_exported())["data"].items():
        (folder / name).write_text(text, encoding="utf-8")
    # With the standard library alone, and without anything of this repository.
    command = [sys.executable, "-S", *container["command"][1:]]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("the pod has no identity: KeyError('AZURE_AUTHORITY_HOST')")


def test_the_program_reads_its_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(_program(_exported())["data"]["settings.json"], encoding="utf-8")
    settings = read(file)
    assert settings.servers == (
        "http://prometheus-kube-prometheus-stack-prometheus-0.prometheus-operated.monitoring.svc:9090",
    )
    assert (settings.job, settings.endpoint) == ("monitoring/envoy", "aigw-admin")
    assert settings.container == "https://stacmellmdevx7f.blob.core.windows.net/usage"
    assert (settings.since.isoformat(), settings.keep_days) == ("2026-12-01", 500)
    assert [str(price) for price in vars(settings.prices["chat"]).values()] == ["0.2", "0.05", "0.8"]
    # What came from a cache costs as much as the rest unless a price says otherwise.
    assert [str(price) for price in vars(settings.prices["embed"]).values()] == ["0.02", "0.02", "0"]


def test_every_replica_of_prometheus_is_queried() -> None:
    def two(sections: Sections) -> None:
        _export(sections)
        sections["observability"]["replicas"] = 2

    shown = json.loads(_program(tuple(graph_of("dev", two).to_json()))["data"]["settings.json"])
    assert [server.split(".")[0][-1] for server in shown["servers"]] == ["0", "1"]


def test_a_changed_setting_is_another_config_map_and_the_job_mounts_it() -> None:
    def other(sections: Sections) -> None:
        _export(sections)
        sections["observability"]["usage_export"]["keep_days"] = 501

    changed = tuple(graph_of("dev", other).to_json())
    names = [_program(entries)["metadata"]["name"] for entries in (_exported(), changed)]
    assert len(set(names)) == 2
    for entries, name in zip((_exported(), changed), names, strict=True):
        assert _pod(entries)["spec"]["volumes"] == [{"name": "program", "configMap": {"name": name}}]
        assert _program(entries)["immutable"] is True


def test_one_job_at_a_time_after_midnight_in_utc() -> None:
    spec = _object(_exported(), "CronJob", "usage-export")["spec"]
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["schedule"].split()[:2] == ["20", "0,6,12,18"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_pod_is_confined_and_has_no_token_of_the_cluster() -> None:
    spec = _pod(_exported())["spec"]
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == "usage-export"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"].keys() == {"memory"}
    assert "env" not in container
    assert spec["nodeSelector"]
    assert spec["tolerations"]
    assert _pod(_exported())["metadata"]["labels"]["azure.workload.identity/use"] == "true"


def test_its_image_is_allowed_where_it_runs() -> None:
    (container,) = _pod(_exported())["spec"]["containers"]
    policy = _object(_exported(), "ValidatingAdmissionPolicy", "llm-platform-images")
    assert container["image"].endswith("docker.io/library/python:3.14.2-slim-trixie")
    assert "docker.io/library/python|" in json.dumps(policy["spec"]["variables"]).replace("\\", "")


def test_the_identity_may_write_to_the_container_alone() -> None:
    grants = [
        entry
        for entry in _exported()
        if entry["type"].endswith("RoleAssignment") and entry["urn"].split("::")[-1].startswith("usage-")
    ]
    roles = {entry["urn"].split("::")[-1]: entry["inputs"]["roleDefinitionId"].rpartition("/")[2] for entry in grants}
    assert roles == {
        "usage-export-grant-storage-blob-data-contributor": _CONTRIBUTOR,
        f"usage-records-grant-readers-{_GROUP}": _READER,
    }
    container = _named(_exported(), "usage-records-container")["urn"]
    for entry in grants:
        # The scope is the container's id, and no other resource could give it.
        assert entry["inputs"]["scope"] == "[unknown]"
        assert container in entry["options"]["depends_on"]
        assert not [urn for urn in entry["options"]["depends_on"] if "model-store" in urn]
    credential = _named(_exported(), "usage-export-credential")["inputs"]
    assert credential["subject"] == "system:serviceaccount:monitoring:usage-export"
    account = _object(_exported(), "ServiceAccount", "usage-export")
    assert set(account["metadata"]["annotations"]) == {"azure.workload.identity/client-id"}


def test_nobody_changes_a_file_and_old_ones_are_deleted() -> None:
    container = _named(_exported(), "usage-records-container")
    assert container["inputs"]["containerName"] == "usage"
    assert container["inputs"]["accountName"] == "stacmellmdevx7f"
    assert container["inputs"]["publicAccess"] == "None"
    policy = _named(_exported(), "usage-records-immutability")["inputs"]
    assert (policy["containerName"], policy["immutabilityPeriodSinceCreationInDays"]) == ("usage", 500)
    (rule,) = _named(_exported(), "usage-records-deletion")["inputs"]["policy"]["rules"]
    assert rule["definition"]["filters"] == {"blobTypes": ["blockBlob"], "prefixMatch": ["usage/"]}
    assert rule["definition"]["actions"] == {"baseBlob": {"delete": {"daysAfterCreationGreaterThan": 500}}}
    # In production a change that would replace it is refused.
    assert _named(_exported("prod"), "usage-records-container")["options"]["protect"] is True
    for name in ("container", "immutability", "deletion"):
        assert _named(_exported(), f"usage-records-{name}")["options"]["retain_on_delete"] is True


def test_nothing_is_written_before_files_are_immutable_and_the_address_is_private() -> None:
    job = _named(_exported(), "monitoring-usage-export-job")["options"]["depends_on"]
    assert {
        "model-store-endpoint-dns",
        "usage-export-grant-storage-blob-data-contributor",
        "usage-export-credential",
    } <= {urn.split("::")[-1] for urn in job}
    grant = _named(_exported(), "usage-export-grant-storage-blob-data-contributor")["options"]["depends_on"]
    assert "usage-records-immutability" in {urn.split("::")[-1] for urn in grant}


def _egress(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    policy = _object(entries, "NetworkPolicy", "usage-export")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy
    assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "usage-export"}}
    return policy["egress"]


def test_it_reaches_prometheus_the_storage_and_where_tokens_are_had() -> None:
    prometheus, storage, *sign_in = _egress(_exported())
    assert prometheus["ports"] == [{"port": 9090, "protocol": "TCP"}]
    assert prometheus["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "prometheus"
    blocks = [rule["to"][0]["ipBlock"] for rule in (storage, *sign_in)]
    subnets = next(
        entry["inputs"] for entry in _exported() if entry["urn"].endswith("::network-subnet-private-endpoints")
    )
    assert blocks[0] == {"cidr": subnets["addressPrefix"]}
    assert len(sign_in) > 1
    assert all(int(block["cidr"].partition("/")[2]) >= 14 for block in blocks)
    queries = _object(_exported(), "NetworkPolicy", "usage-export-queries")["spec"]
    assert queries["ingress"][0]["from"][0]["podSelector"] == {
        "matchLabels": {"app.kubernetes.io/name": "usage-export"}
    }
    # The API server is for others of the namespace.
    api = _object_in(_exported(), "api-server", "monitoring")["spec"]["podSelector"]["matchExpressions"]
    assert api == [{"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["alertmanager", "usage-export"]}]


def _object_in(entries: tuple[Entry, ...], name: str, namespace: str) -> dict[str, Any]:
    (found,) = [
        entry["inputs"]
        for entry in entries
        if entry["inputs"].get("kind") == "NetworkPolicy"
        and (entry["inputs"]["metadata"]["name"], entry["inputs"]["metadata"]["namespace"]) == (name, namespace)
    ]
    return found


def test_where_egress_is_by_name_it_signs_in_by_name() -> None:
    def by_name(sections: Sections) -> None:
        _export(sections)
        sections.setdefault("network", {})["egress"] = "fqdn"

    entries = tuple(graph_of("dev", by_name).to_json())
    assert len(_egress(entries)) == 2
    named = _named(entries, "monitoring-usage-export-sign-in-by-name")["inputs"]
    assert named["spec"]["endpointSelector"] == {"matchLabels": {"app.kubernetes.io/name": "usage-export"}}
    assert named["spec"]["egress"][1]["toFQDNs"] == [{"matchName": "login.microsoftonline.com"}]


def test_azure_takes_the_container_its_deletion_and_the_identity() -> None:
    if not (_REFERENCE / "arm").is_dir():
        pytest.skip(f"no {_REFERENCE / 'arm'}")
    kinds = {
        "usage-records-container": "storage:BlobContainer",
        "usage-records-deletion": "storage:ManagementPolicy",
        "usage-export-credential": "managedidentity:FederatedIdentityCredential",
        "usage-export-identity": "managedidentity:UserAssignedIdentity",
    }
    for name, kind in kinds.items():
        inputs = dict(_named(_exported(), name)["inputs"])
        assert ArmSchema.load(_REFERENCE / "arm", kind).check(inputs) == [], name
    wrong = json.loads(json.dumps(_named(_exported(), "usage-records-deletion")["inputs"]))
    wrong["policy"]["rules"][0]["type"] = "Weekly"
    assert ArmSchema.load(_REFERENCE / "arm", "storage:ManagementPolicy").check(wrong) != []


def test_models_say_which_tokens_they_had_in_their_cache() -> None:
    shown = [
        (entry["urn"], "enable-prompt-tokens-details: true" in str(entry["inputs"]["data"]))
        for entry in _exported()
        if entry["inputs"].get("kind") == "ConfigMap" and "vllm.yaml" in entry["inputs"]["data"]
    ]
    assert len(shown) == 2
    assert all(says for _, says in shown), shown


def test_no_usage_is_merged_into_a_counter_of_no_tenant() -> None:
    def variables(entries: tuple[Entry, ...]) -> dict[str, str]:
        (config,) = [entry["inputs"]["spec"] for entry in entries if entry["inputs"].get("kind") == "GatewayConfig"]
        return {item["name"]: item["value"] for item in config["extProc"]["kubernetes"]["env"]}

    assert variables(_exported())["OTEL_GO_X_CARDINALITY_LIMIT"] == "0"
    assert "OTEL_GO_X_CARDINALITY_LIMIT" not in variables(entries_of("dev"))


def test_two_previews_are_equal() -> None:
    assert tuple(graph_of("dev", _export).to_json()) == _exported()


def test_a_stack_in_production_has_it_too() -> None:
    def small(sections: Sections) -> None:
        sections["observability"]["usage_export"] = {"since": "2026-12-01"}

    entries = tuple(graph_of("prod", small).to_json())
    assert _named(entries, "usage-records-immutability")["inputs"]["immutabilityPeriodSinceCreationInDays"] == 400
    assert not [entry for entry in entries if "grant-readers" in str(entry["urn"])]
