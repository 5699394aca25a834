"""The bill of materials names everything that the repository installs, and is the same for the same commit."""

import json
import re
from collections import Counter

import catalog
from tests.repository import ROOT
from tests.scanners.sbom import bill, python_packages

BILL = bill()
BY_REFERENCE = {component["bom-ref"]: component for component in BILL["components"]}


def test_it_is_the_same_every_time() -> None:
    assert json.dumps(bill()) == json.dumps(BILL)
    assert "timestamp" not in json.dumps(BILL)


def test_every_pinned_python_package_is_there_with_its_hashes() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    listed = [component["name"] for component in BILL["components"] if component["type"] == "library"]
    assert Counter(pinned) == Counter(listed)
    hashes = [
        digest["content"]
        for component in BILL["components"]
        if component["type"] == "library"
        for reference in component["externalReferences"]
        for digest in reference["hashes"]
    ]
    assert len(hashes) == text.count("--hash=")


def test_a_version_for_some_pythons_alone_is_one_of_its_own() -> None:
    text = "a==1 ; python_full_version < '3.12' \\\n    --hash=sha256:" + "0" * 64 + "\n    # via b\na==2\n"
    assert [component["purl"] for component in python_packages(text)] == ["pkg:pypi/a@1", "pkg:pypi/a@2"]


def test_every_chart_and_image_of_the_catalog_is_there() -> None:
    shipped = catalog.load()
    for chart in shipped.charts.values():
        assert BY_REFERENCE[f"chart:{chart.name}"]["version"] == chart.version
    for image in shipped.images.values():
        component = BY_REFERENCE[f"image:{image.name}"]
        assert (component["name"], component["version"]) == (image.repository, image.tag)
        assert ("hashes" in component) == (f"{image.repository}:{image.tag}" in shipped.digests)


def test_every_image_of_a_charts_pods_is_there() -> None:
    shipped = catalog.load()
    assert shipped.chart_images["cert-manager"]
    for chart, images in shipped.chart_images.items():
        for image in images:
            component = BY_REFERENCE[f"image:{chart}:{image.repository}"]
            # A driver's image has a tag for each operating system.
            assert (component["name"], component.get("version")) == (image.repository, image.tag)
            assert ("hashes" in component) == (f"{image.repository}:{image.tag}" in shipped.digests)


def test_references_are_unique_and_the_platform_depends_on_all() -> None:
    assert len(BY_REFERENCE) == len(BILL["components"])
    (dependencies,) = BILL["dependencies"]
    assert sorted(dependencies["dependsOn"]) == sorted(BY_REFERENCE)
