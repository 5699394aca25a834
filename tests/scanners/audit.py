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

REQUIREMENTS: Final = (
    "requirements.txt", "requirements-dev.txt", "requirements-fuzz.txt", "requirements-scan.txt",
    "guardrails/requirements.txt", "policy/requirements.txt", "tests/oracles/envoy_gateway/requirements.txt",
)  # fmt: skip
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


class NotAuditedError(Exception):
    """There is no answer for a set of requirements; the message says why."""


def audited(environment: Path, requirements: str) -> list[Mapping[str, Any]]:
    """The packages of one set, with what is known of each; sets of their own may have different versions of one.

    Raises:
        NotAuditedError: there is no answer, or none for one of them.
    """
    command = [str(environment / "bin" / "pip-audit"), "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(
        [*command, "--progress-spinner", "off", "--requirement", requirements], cwd=ROOT, check=False,
        capture_output=True, text=True, timeout=LIMIT_SECONDS,
    )  # fmt: skip
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise NotAuditedError(f"pip-audit ended with {done.returncode} and no answer: {reason[:300]}") from None
    unknown = [f"{package['name']}: {package['skip_reason']}" for package in packages if "skip_reason" in package]
    if unknown or not packages:
        # pip-audit itself ends with 0 here.
        raise NotAuditedError(f"{len(unknown)} of {len(packages)} packages have no answer, such as {unknown[:1]}")
    return packages


def main(environment: Path) -> int:
    """Audit every set of requirements, and print what is wrong."""
    packages: list[Mapping[str, Any]] = []
    try:
        for requirements in REQUIREMENTS:
            packages += audited(environment, requirements)
    except NotAuditedError as error:
        print(f"NOT AUDITED: {requirements}: {error}")
        return NOT_AUDITED
    wrong = problems(findings(packages), skips("pip-audit"), today())
    print(*wrong, f"{len(packages)} packages audited, {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
