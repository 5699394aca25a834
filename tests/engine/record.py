"""Records a version: its program builds its own stack files' stacks, and what is there afterwards is kept as data.

`make record VERSION=0.2.0`, or with `REF=` for a commit that is not checked out. The program is that of the commit, run
by today's tests: engine, simulators and installed packages are those that are here now. So nothing that this module
imports may import the program: its modules may have had other names then.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi import automation

from tests.engine.platform_stacks import PROGRAM, PROJECT, REPOSITORY, STACKS, engine_for, section, settings
from tests.engine.recording import RECORDED, Recording
from tests.stack_files import stack_file

# What of today runs the program of then.
_TODAY: Final = ("tests", "rehearsal", "simulators")
_LIMIT_SECONDS: Final = 900


def bootstrapped(config: Mapping[str, Any]) -> list[str]:
    """Names of the secrets that an operator sets before the first `up`."""
    gateway = section(config, "gateway")
    # Earlier versions had no receivers of alerts, and no account for images.
    receivers = config.get(f"{PROJECT}:observability", {}).get("receivers", [])
    alerted = [receiver["secret"] for receiver in receivers if "secret" in receiver]
    account = config.get(f"{PROJECT}:registry", {}).get("docker_hub", {})
    keys = [
        key
        for client in config.get(f"{PROJECT}:tenants") or gateway["clients"]
        for key in client.get("key_secrets") or [client["key_secret"]]
    ]
    return [gateway["certificate"], *keys, *alerted, *account.values()]


def record(recording: Recording, commit: str, directory: Path, arm: Path) -> None:
    """Build one stack of the program beside these tests and write down what it is."""
    with engine_for(recording.stack, directory, arm) as engine:
        surroundings = engine.cloud.azure
        run = engine.stack(recording.stack, PROGRAM, stack_file(recording.stack), project=PROJECT)
        for name in bootstrapped(settings(recording.stack)):
            secret = automation.ConfigValue(f"only the recording knows {name}", secret=True)
            run._stack.set_config(f"{PROJECT}:{name}", secret)
        # One after the other, so that the resources of two recordings come in one order.
        run.up(parallel=1)
        recording.write(
            run._settings,
            commit=commit,
            state_version=run._stack.export_stack().version or 0,
            surroundings=surroundings,
            state=run.export(),
        )


def record_here(version: str, commit: str, arm: Path) -> None:
    """Record every shipped stack of the program beside these tests."""
    for stack in STACKS:
        with tempfile.TemporaryDirectory() as directory:
            record(Recording(RECORDED / version, stack), commit, Path(directory), arm)


def check_out(commit: str, folder: Path) -> None:
    """Put the files of a commit into a folder, with today's tests, rehearsal and simulators in place of its own.

    There the program finds that commit's modules, and the recorder today's simulators.
    """
    archive = subprocess.run(["git", "-C", str(REPOSITORY), "archive", commit], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    for name in _TODAY:
        shutil.rmtree(folder / name, ignore_errors=True)
        left_out = shutil.ignore_patterns("__pycache__", RECORDED.name)
        shutil.copytree(REPOSITORY / name, folder / name, ignore=left_out)


def record_commit(version: str, ref: str, arm: Path) -> Path:
    """Record a commit in a checkout and a process of its own; returns the new folder, which is there whole or not.

    Raises:
        FileExistsError: the version is recorded; a version that users may run is never recorded again.

    """
    folder = RECORDED / version
    if folder.exists():
        raise FileExistsError(f"{folder.name} is recorded: delete {folder} first if nobody has run that version")
    rev_parse = ["git", "-C", str(REPOSITORY), "rev-parse", "--verify", f"{ref}^{{commit}}"]
    commit = subprocess.run(rev_parse, check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as directory:
        checkout = Path(directory)
        check_out(commit, checkout)
        program = [sys.executable, "-m", "tests.engine.record", version, "--here", commit, "--arm", str(arm)]
        subprocess.run(program, cwd=checkout, check=True, timeout=_LIMIT_SECONDS)
        shutil.copytree(checkout / folder.relative_to(REPOSITORY), folder)
    return folder


def main() -> None:
    """Record a version from the command line."""
    parser = argparse.ArgumentParser(prog="record", description=__doc__.partition("\n")[0])
    parser.add_argument("version", help="its version, or a commit that had none")
    parser.add_argument("--ref", default="HEAD", help="commit to record (HEAD)")
    parser.add_argument("--arm", type=Path, required=True, help="folder of ARM's type definitions")
    parser.add_argument("--here", metavar="COMMIT", help="record the program beside these tests, which is COMMIT's")
    options = parser.parse_args()
    if options.here:
        record_here(options.version, options.here, options.arm)
        return
    try:
        record_commit(options.version, options.ref, options.arm.resolve())
    except FileExistsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
