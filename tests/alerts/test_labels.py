"""Cases of alerts have labels that the expositions have, or possible ones; a page says where those are from."""

from pathlib import Path

import pytest

from tests.alerts import cases
from tests.alerts.cases import inputs, possible, recorded, series_of, tables
from tests.alerts.expositions import FOLDER
from tests.repository import ROOT


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.prom")), ids=lambda file: file.stem)
def test_the_page_says_of_every_exposition_whether_it_was_composed(file: Path) -> None:
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8").partition("## Where the series come from")[2]
    version = file.stem.rpartition("-")[2]
    (row,) = [line for line in page.splitlines() if line.startswith("|") and version in line.split("|")[1]]
    head = "".join(line for line in file.read_text(encoding="utf-8").splitlines()[:6] if line.startswith("# "))
    assert ("| composed:" in row) == ("No GPU was at hand" in head or "Read on " in head), row


@pytest.mark.parametrize("alert", sorted(tables()))
def test_every_label_of_a_case_is_recorded_or_possible(alert: str) -> None:
    for case in (*tables()[alert].fires, *tables()[alert].silent):
        inputs(case, set())


@pytest.mark.parametrize(
    ("metric", "labels", "mistake"),
    [
        ("kube_node_labels", {"label_nvidia_com_mig_config_state": "fialed"}, 'state="fialed" is not recorded'),
        ("kube_node_status_allocatable", {"resource": "nvidia_com_gpus"}, 'resource="nvidia_com_gpus" is not recorded'),
        ("DCGM_EXP_XID_ERRORS_COUNT", {"xid": "XID79"}, 'xid="XID79" is not recorded'),
        # Each is recorded, and never with the other.
        (
            "llm_platform_object_condition",
            {"customresource_kind": "Gateway", "condition": "Ready"},
            'condition="Ready" is not recorded with the other labels',
        ),
        ("kube_node_labels", {"nodes": "a"}, "no series of kube_node_labels is recorded with the labels"),
        ("kube_node_label", {}, "no series of kube_node_label is recorded"),
    ],
)
def test_a_label_that_no_exporter_gives_is_refused(metric: str, labels: dict[str, str], mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        recorded(metric, labels)


def test_labels_are_listed_as_possible_only_where_a_case_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = possible()
    given = [
        series_of(text) for table in tables().values() for case in (*table.fires, *table.silent) for text in case.series
    ]
    for metric, labels in listed.items():
        own = [labels_of_case for name, labels_of_case in given if name == metric]
        for label in labels:
            without = {**listed, metric: {key: entry for key, entry in labels.items() if key != label}}
            monkeypatch.setattr(cases, "possible", lambda without=without: without)
            with pytest.raises(ValueError, match=f"{metric}: "):
                [recorded(metric, found) for found in own]
