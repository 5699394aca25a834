"""What is scraped: the list of GPU metrics that the exporter gets, and a monitor for every controller."""

import os
import re
from pathlib import Path

import pytest
import yaml

import catalog
from tests.graph.stacks import ALL, ROOT, Entry, entries_of

CATALOG = catalog.load()
GPUS = CATALOG.gpu_metrics
REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
each_stack = pytest.mark.parametrize("stack", ALL)
each_version = pytest.mark.parametrize("version", GPUS.versions)


def values(stack: str, chart: str) -> Entry:
    (found,) = (entry for entry in entries_of(stack) if entry["inputs"].get("chart") == chart)
    return found["inputs"]["values"]


@each_stack
def test_the_exporter_has_a_version_of_our_choice_and_a_list_of_our_own(stack: str) -> None:
    exporter = values(stack, "gpu-operator")["dcgmExporter"]
    assert exporter["version"] == GPUS.installed.tag
    assert exporter["config"]["create"] is True
    # Its name follows its content: pods that run would never read another list.
    assert re.fullmatch(r"gpu-metrics-[0-9a-f]+", exporter["config"]["name"])
    # The exporter ends at a line that has not three columns.
    rows = [line.split(", ") for line in exporter["config"]["data"].splitlines()]
    assert [row[0] for row in rows] == list(GPUS.installed.fields)
    assert all(len(row) == 3 and "," not in "".join(row) for row in rows)


@each_version
def test_what_alerts_are_based_on_is_in_the_list(version: str) -> None:
    exporter = GPUS.versions[version]
    assert {getattr(exporter.uses, name) for name in exporter.uses.__struct_fields__} <= set(exporter.fields)
    assert exporter.tag.endswith(f"-{version}-distroless")


def test_the_pages_say_how_many_names_and_units_the_next_version_changes() -> None:
    # The lists have the same metrics in the same order, as their texts show.
    before, after = ([*GPUS.versions[version].fields.items()] for version in ("4.8.4", "4.9.0"))
    assert [field.help for _, field in before] == [field.help for _, field in after]
    names = sum(old != new for (old, _), (new, _) in zip(before, after, strict=True))
    units = sum(old.unit != new.unit for (_, old), (_, new) in zip(before, after, strict=True))
    for page, words in {
        "docs/alerts.md": rf"{names} of the {len(before)} metrics other\s+names and {units} of them other units",
        "docs/traps/monitoring.md": f"{names} of the {len(before)} metrics of .* changes {units} units",
        "catalog/gpu_metrics.yaml": rf"4\.9\.0: {names} of the {len(before)} names, {units} units",
    }.items():
        assert re.search(words, (ROOT / page).read_text(encoding="utf-8")), page


@each_version
def test_the_list_has_the_names_types_and_units_of_the_exporters_own(version: str) -> None:
    file = REFERENCE / "facts" / "data" / "dcgm_metrics.yaml"
    if not file.is_file():
        pytest.skip(f"no reference data at {file}: set REFERENCE_DIR")
    known = yaml.safe_load(file.read_text(encoding="utf-8"))[version]
    for name, field in GPUS.versions[version].fields.items():
        # The exporter's own counts are no fields of DCGM.
        # The flag is field 396 of dcgm_fields.h, in 4.6 and in 4.7; the exporters' own lists leave it out.
        if not name.startswith("DCGM_EXP_") and name != "DCGM_FI_DEV_ROW_REMAP_PENDING":
            assert (known[name]["type"], known[name]["unit"]) == (field.type, field.unit), name


@each_stack
@pytest.mark.parametrize(
    "chart", [chart for chart in CATALOG.charts.values() if chart.metrics], ids=lambda item: item.name
)
def test_every_controller_is_scraped(stack: str, chart: catalog.Chart) -> None:
    (monitor,) = (
        entry["inputs"]
        for entry in entries_of(stack)
        if entry["type"].endswith(":PodMonitor") and entry["inputs"]["metadata"]["name"] == chart.name
    )
    spec = monitor["spec"]
    assert spec["namespaceSelector"]["matchNames"] == [chart.namespace]
    assert chart.metrics is not None
    assert spec["selector"]["matchLabels"] == dict(chart.metrics.pods)
    (endpoint,) = spec["podMetricsEndpoints"]
    assert chart.metrics.port in (endpoint.get("port"), endpoint.get("portNumber"))


@each_stack
def test_keda_exports_metrics(stack: str) -> None:
    assert values(stack, "keda")["prometheus"]["operator"]["enabled"] is True
