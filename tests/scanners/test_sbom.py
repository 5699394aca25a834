"""The bill of materials is valid by CycloneDX' own library."""

import json
from pathlib import Path

import pytest

from tests.scanners.programs import run
from tests.scanners.sbom import bill

_VALIDATE = """
import pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(pathlib.Path(sys.argv[1]).read_text()) or "valid")
"""


@pytest.mark.parametrize(("change", "valid"), [({}, True), ({"bomFormat": "Mine"}, False)])
def test_it_is_valid(scan_environment: Path, tmp_path: Path, change: dict[str, str], valid: bool) -> None:
    (tmp_path / "sbom.json").write_text(json.dumps({**bill(), **change}), encoding="utf-8")
    printed = run([scan_environment / "bin" / "python", "-c", _VALIDATE, "sbom.json"], tmp_path)
    assert (printed.strip() == "valid") == valid, printed
