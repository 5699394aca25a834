"""`python -m tests.scanners.sbom FILE`: a CycloneDX bill of materials of what this repository installs.

Python packages with the hashes of their files, as `requirements.txt` pins them; Helm charts and container images, as
`catalog/charts.yaml` names them; images of the charts' pods, as `catalog/chart_images.yaml` does. The same commit gives
the same bytes: there is no time stamp, and the serial number is one of the content.
"""

import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import catalog
from catalog.schema import Chart
from tests.repository import ROOT

SPEC_VERSION: Final = "1.6"
REQUIREMENTS: Final = ROOT / "requirements.txt"
_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill() -> dict[str, Any]:
    """The document."""
    shipped = catalog.load()
    components = sorted(
        [
            *python_packages(REQUIREMENTS.read_text(encoding="utf-8")),
            *(_chart(chart) for chart in shipped.charts.values()),
            *(_image(image.name, image.repository, image.tag, shipped) for image in shipped.images.values()),
            *(
                _image(f"{chart}:{image.repository}", image.repository, image.tag, shipped)
                for chart, images in shipped.chart_images.items()
                for image in images
            ),
        ],
        key=lambda component: component["bom-ref"],
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    platform = {
        "type": "application", "bom-ref": project["name"], "name": project["name"], "version": project["version"],
        "description": project["description"], "licenses": [{"license": {"id": project["license"]}}],
    }  # fmt: skip
    content = {
        "metadata": {"component": platform},
        "components": components,
        "dependencies": [
            {"ref": project["name"], "dependsOn": [component["bom-ref"] for component in components]},
        ],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json", "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}", "version": 1,
        **content,
    }  # fmt: skip


def python_packages(requirements: str) -> Iterator[dict[str, Any]]:
    """Packages of a file that pip reads with `--require-hashes`, also those for some versions of Python alone."""
    for block in re.split(r"\n(?=\S)", requirements):
        pin = _PIN.match(block)
        if pin is None:
            continue
        address = f"pkg:pypi/{re.sub(r'[-_.]+', '-', pin['name']).lower()}@{quote(pin['version'], safe='')}"
        hashes = sorted(_HASH.findall(block))
        yield {
            "type": "library", "bom-ref": address, "name": pin["name"], "version": pin["version"], "purl": address,
            # Of all its files: a component's own hashes are those of one.
            "externalReferences": [
                {
                    "type": "distribution", "url": address,
                    "hashes": [{"alg": "SHA-256", "content": digest} for digest in hashes],
                }
            ],
        }  # fmt: skip


def _chart(chart: Chart) -> dict[str, Any]:
    name = chart.chart.removeprefix("oci://").rpartition("/")[2]
    source = chart.repository or chart.chart
    address = f"pkg:helm/{quote(name)}@{quote(chart.version, safe='')}?repository_url={quote(source, safe='')}"
    return {
        "type": "application", "bom-ref": f"chart:{chart.name}", "name": name, "version": chart.version,
        "purl": address, "externalReferences": [{"type": "distribution", "url": source}],
    }  # fmt: skip


def _image(reference: str, repository: str, tag: str | None, shipped: catalog.Catalog) -> dict[str, Any]:
    """An image; one has no tag where a chart's own software chooses it on each node."""
    known = shipped.digests.get(f"{repository}:{tag}") if tag is not None else None
    name = repository.rpartition("/")[2].lower()
    version = f"@{quote(known.digest, safe='')}" if known is not None else ""
    place = f"repository_url={quote(repository, safe='')}" + ("" if tag is None else f"&tag={quote(tag, safe='')}")
    hashes = [{"alg": "SHA-256", "content": known.digest.removeprefix("sha256:")}] if known is not None else []
    return {
        "type": "container", "bom-ref": f"image:{reference}", "name": repository,
        **({"version": tag} if tag is not None else {}), "purl": f"pkg:oci/{quote(name)}{version}?{place}",
        **({"hashes": hashes} if hashes else {}),
    }  # fmt: skip


def main(file: Path) -> None:
    """Write the document."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
