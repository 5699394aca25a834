"""Every stack as scanners read it: its Kubernetes objects as manifests, its Azure resources as a template."""

import json
from pathlib import Path

from preview.manifests import manifests
from tests.graph.stacks import WITH_TRIALS, entries_of
from tests.scanners.arm_template import SCHEMA, template

KUBERNETES, AZURE = "kubernetes", "azure"


def write(folder: Path) -> None:
    """Write `STACK/kubernetes/…`, as `preview --manifests` does, and `STACK/azure/template.json`."""
    for stack in WITH_TRIALS:
        entries = entries_of(stack)
        files = manifests((entry["type"], entry["inputs"]) for entry in entries)
        for name, text in files.items():
            path = folder / stack / KUBERNETES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / stack / AZURE).mkdir()
        (folder / stack / AZURE / "template.json").write_text(json.dumps(template(entries), indent=1), encoding="utf-8")


def plant(folder: Path) -> None:
    """Write what every scanner must object to: a privileged pod, and an account open to everyone without TLS."""
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "open", "namespace": "default"},
        "spec": {"containers": [{"name": "a", "image": "a:latest", "securityContext": {"privileged": True}}]},
    }  # fmt: skip
    account = {
        "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2024-01-01", "name": "open", "location": "eastus",
        "properties": {"supportsHttpsTrafficOnly": False, "networkAcls": {"defaultAction": "Allow"}},
    }  # fmt: skip
    for kind, name, content in (
        (KUBERNETES, "pod.yaml", pod),
        (AZURE, "template.json", {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [account]}),
    ):
        (folder / "planted" / kind).mkdir(parents=True)
        (folder / "planted" / kind / name).write_text(json.dumps(content), encoding="utf-8")
