"""The credential plugin that the kubeconfig names, `kubelogin`, as a program that hands out the tests' own token."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

_NAME: Final = "kubelogin"


def install(folder: Path, kubeconfig: str) -> Path:
    """Write the program into a folder, which is returned: it is to be first on the PATH of whoever signs in.

    `kubeconfig` is the control plane's own, as YAML, whose user has a token. Each start is one line in `calls`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config: Any = yaml.safe_load(kubeconfig)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": config["users"][0]["user"]["token"]},
    }
    program = folder / _NAME
    calls = folder / "calls"
    program.write_text(f"#!/bin/sh\necho \"$*\" >> '{calls}'\ncat <<'EOF'\n{json.dumps(credential)}\nEOF\n")
    program.chmod(0o755)
    calls.touch()
    return folder


def calls(folder: Path) -> list[str]:
    """Arguments of every start of the program."""
    return (folder / "calls").read_text().splitlines()
