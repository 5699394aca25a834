"""Every Kubernetes object is valid by the schemas of Kubernetes and of the real CRDs, as kubeconform reads them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.crd_schema import closed
from tests.graph.stacks import WITH_TRIALS
from tests.scanners.programs import KUBECONFORM, run
from tests.scanners.skip_list import Finding, problems, skips, today

_KIND_FILES = "{{.ResourceKind}}{{.KindSuffix}}.json"
_CRD_FILES = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    try:
        return KUBECONFORM.binary("kubeconform")
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def built_in(scan_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Schemas of Kubernetes' own kinds, from the package kubernetes-validate; their references made relative."""
    schemas = "lib/python*/site-packages/kubernetes_validate/kubernetes-json-schema"
    (source,) = scan_environment.glob(f"{schemas}/v{_version()}-local-strict")
    folder = tmp_path_factory.mktemp("kinds")
    for path in source.glob("*.json"):
        text = path.read_text(encoding="utf-8").replace("/api/_definitions.json", "_definitions.json")
        schema = json.loads(text)
        schema.pop("$id", None)
        (folder / path.name).write_text(json.dumps(schema), encoding="utf-8")
    return f"{folder}/{_KIND_FILES}"


@pytest.fixture(scope="session")
def custom(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Schemas of the CRDs, closed against keys that they don't know."""
    folder = tmp_path_factory.mktemp("crds")
    # The newer file of two has a version in its name, and is read last.
    for file in sorted((reference / "crds").glob("*.yaml"), key=lambda path: (path.stem.partition("@")[0], path.stem)):
        for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                _write(folder, document["spec"])
    return f"{folder}/{_CRD_FILES}"


def _write(folder: Path, spec: dict[str, Any]) -> None:
    for version in spec["versions"]:
        schema = closed(version["schema"]["openAPIV3Schema"])
        for key in ("apiVersion", "kind", "metadata", "status"):
            schema.setdefault("properties", {})[key] = {}
        path = folder / spec["group"] / f"{spec['names']['kind'].lower()}_{version['name']}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(schema), encoding="utf-8")


def findings(program: Path, folder: Path, locations: list[str]) -> tuple[list[Finding], dict[str, int]]:
    """What kubeconform objects to, and how many objects it found valid, invalid and so on."""
    places = [part for location in locations for part in ("-schema-location", location)]
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.yaml") if _is_object(path))
    command = [program, "-strict", "-summary", "-output", "json", "-kubernetes-version", _version(), *places, *files]
    printed = json.loads(run(command, folder))
    objections = [
        Finding(item["status"], f"{item['filename'].split('/')[0]}/{item['kind']}.{item['name']}", item["msg"])
        for item in printed["resources"]
    ]
    return objections, printed["summary"]


def _is_object(path: Path) -> bool:
    return not path.name.endswith(".values.yaml")


def _version() -> str:
    """The version of Kubernetes whose API server the acceptance tests run, and its kubectl in the catalog."""
    found = re.match(r"v(\d+\.\d+)", catalog.load().images["kubectl"].tag)
    assert found
    return f"{found[1]}.0"


def test_every_object_is_valid(kubeconform: Path, scanned: Path, built_in: str, custom: str) -> None:
    found, summary = findings(kubeconform, scanned, [built_in, custom])
    wrong = problems(found, skips("kubeconform"), today())
    assert not wrong, "\n".join(wrong)
    assert summary["skipped"] == 0
    assert summary["valid"] > 40 * len(WITH_TRIALS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"apiVersion": "v1", "kind": "Service", "spec": {"port": []}}, "port"),
        ({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": {"scaleTarget": {}}}, "scaleTarget"),
    ],
)
def test_a_misspelt_key_is_found(
    kubeconform: Path, built_in: str, custom: str, tmp_path: Path, content: dict[str, Any], message: str
) -> None:
    (tmp_path / "stack").mkdir()
    text = yaml.safe_dump({**content, "metadata": {"name": "a"}})
    (tmp_path / "stack" / "a.yaml").write_text(text, encoding="utf-8")
    (finding,), _ = findings(kubeconform, tmp_path, [built_in, custom])
    assert finding.check == "statusInvalid"
    assert message in finding.text
