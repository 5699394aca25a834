"""`quota`: cores by quota at the fewest and the most nodes, with a surge node or a second pool, and the limits."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from planning_stacks import CATALOG, ROOT

import config
from cli.app import main
from config.stackfile import parse
from planning.money.quota_use import QuotaUse, not_counted, quota_use

DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
FAMILY = "StandardNCadsH100v5Family"


def uses(**sections: Any) -> dict[str, QuotaUse]:
    settings = config.load({**parse(DEV).sections, **sections}).settings
    assert settings is not None
    return {use.quota: use for use in quota_use(settings, CATALOG)}


def pools(**changed: Any) -> list[dict[str, Any]]:
    (pool,) = parse(DEV).sections["pools"]
    return [{**pool, **changed}]


def stack_file(folder: Path, **sections: Any) -> str:
    content = yaml.safe_load(DEV)
    content["config"] |= {f"llm-platform:{name}": value for name, value in sections.items()}
    file = folder / "Pulumi.changed.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(file)


def test_cores_are_counted_by_family_and_in_total() -> None:
    found = uses()
    # One to three nodes of 40 vCPUs; two to four of 4, and the one that AKS requires.
    family = found[FAMILY]
    assert (family.min_cores, family.max_cores, family.upgrade_cores, family.replace_cores) == (40, 120, 160, 240)
    system = found["standardDDSv5Family"]
    assert (system.min_cores, system.max_cores, system.upgrade_cores, system.replace_cores) == (12, 20, 24, 36)
    both = found["cores"]
    assert (both.min_cores, both.max_cores, both.upgrade_cores, both.replace_cores) == (52, 140, 180, 260)
    assert (both.label, both.pools) == ("Total Regional vCPUs", ("h100", "system", "first"))
    assert {use.limit for use in found.values()} == {None}


def test_a_pool_that_is_deleted_first_needs_no_second_one() -> None:
    family = uses(pools=pools(rotation="delete-first"))[FAMILY]
    assert family.replace_cores == family.max_cores == 120


def test_spot_nodes_count_only_in_the_total_and_are_never_upgraded() -> None:
    found = uses(pools=pools(capacity="spot"))
    assert FAMILY not in found
    spot = found["lowPriorityCores"]
    assert (spot.max_cores, spot.upgrade_cores) == (120, 120)


@pytest.mark.parametrize(
    ("limit", "code", "words"),
    [
        (119, 2, "too small by 1"),
        (120, 0, "no room for a surge node or a second pool"),
        (160, 0, "no room for a second pool"),
        (240, 0, "240  fits"),
    ],
)
def test_stated_limits_are_compared(
    limit: int, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stack_file(tmp_path, quota={FAMILY: limit})
    assert main(["quota", "dev", "--config", file]) == code
    row = next(line for line in capsys.readouterr().out.splitlines() if FAMILY in line)
    assert words in row
    assert main(["quota", "dev", "--config", file, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] == (code == 0)
    entry = next(entry for entry in document["quotas"] if entry["quota"] == FAMILY)
    assert (entry["limit"], entry["fits"], entry["max_cores"]) == (limit, code == 0, 120)


def test_a_size_that_the_catalog_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = pools(vm_size="Standard_NC41")
    settings = config.load({**parse(DEV).sections, "pools": changed}).settings
    assert settings is not None
    assert not_counted(settings, CATALOG) == (("h100", "Standard_NC41"),)
    main(["quota", "dev", "--config", stack_file(tmp_path, pools=changed)])
    assert "Not counted: pool h100, VM size Standard_NC41 is not in the catalog." in capsys.readouterr().out


def test_a_file_with_mistakes_has_findings_instead_of_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stack_file(tmp_path, quota={FAMILY: "many"})
    assert main(["quota", "dev", "--config", file]) == 2
    printed = capsys.readouterr().out
    assert "rejected" in printed
    assert f"quota.{FAMILY}" in printed
    assert main(["quota", "dev", "--config", file, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["quotas"]) == (False, [])
    assert [finding["path"] for finding in document["findings"]] == [f"quota.{FAMILY}"]


def test_a_stack_without_a_file_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quota", "nosuch"]) == 2
    assert "PREVIEW-FILE" in capsys.readouterr().out
    assert main(["quota", "nosuch", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert [finding["rule"] for finding in document["findings"]] == ["PREVIEW-FILE"]
