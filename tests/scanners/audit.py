"""`python -m tests.scanners.audit ENVIRONMENT`: known vulnerabilities of every pinned Python package, by pip-audit.

Exit codes: 0 none that isn't explained in `skips.yaml`, 1 some, 3 nobody answered (there is no network).
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.repository import ROOT
from tests.scanners.skip_list import Finding, problems, skips, today

REQUIREMENTS: Final = ("requirements.txt", "requirements-dev.txt", "requirements-fuzz.txt", "requirements-scan.txt")
NOT_AUDITED: Final = 3
LIMIT_SECONDS: Final = 600


def findings(dependencies: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """What pip-audit's JSON lists under `dependencies`."""
    return [
        Finding(
            known["id"], package["name"], f"{package['version']}, mended in {known['fix_versions'] or 'no version'}"
        )
        for package in dependencies
        for known in package.get("vulns", ())
    ]


def main(environment: Path) -> int:
    """Audit all packages of all sets of requirements, and print what is wrong."""
    files = [part for name in REQUIREMENTS for part in ("--requirement", name)]
    command = [str(environment / "bin" / "pip-audit"), "--disable-pip", "--require-hashes", "--format", "json", *files]
    done = subprocess.run(
        [*command, "--progress-spinner", "off"], cwd=ROOT, check=False, capture_output=True, text=True,
        timeout=LIMIT_SECONDS,
    )  # fmt: skip
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        print(f"NOT AUDITED: pip-audit ended with {done.returncode} and no answer: {reason[:300]}")
        return NOT_AUDITED
    unknown = [f"{package['name']}: {package['skip_reason']}" for package in dependencies if "skip_reason" in package]
    if unknown or not dependencies:
        print("NOT AUDITED:", *(unknown or ["no package was read"]), sep="\n")
        return NOT_AUDITED
    wrong = problems(findings(dependencies), skips("pip-audit"), today())
    print(*wrong, f"{len(dependencies)} packages audited, {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
