"""Reads the stack's settings from Pulumi's own configuration; the only module of config/ that imports Pulumi."""

from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as engine_config

from config.findings import Finding
from config.keyrings import keyring_problems
from config.model_files import with_model_files
from config.settings import SECTIONS
from reading.texts import json_of

_NAMESPACE = "llm-platform:"
# Beside Pulumi.yaml, where the CLI keeps stack files.
_PROJECT = Path(__file__).resolve().parent.parent


def sections() -> tuple[dict[str, Any], list[Finding], dict[str, pulumi.Output[str]]]:
    """Return the stack file's sections, problems of files that they name, and the secrets for the vault beside them.

    Every key of the namespace `llm-platform` is returned, known or not, so that a misspelt section is an error. A
    secret is a key that `pulumi config set --secret` wrote; its value stays an output.
    """
    stack = pulumi.Config()
    found: dict[str, Any] = {}
    secrets: dict[str, pulumi.Output[str]] = {}
    known = {**engine_config.get_config_env(), **engine_config.CONFIG.get()}
    for key in sorted(known):
        if not key.startswith(_NAMESPACE):
            continue
        name = key.removeprefix(_NAMESPACE)
        if engine_config.is_config_secret(key) and name not in SECTIONS:
            secrets[name] = stack.require_secret(name)
        else:
            found[name] = _value(known[key])
    return with_model_files(found, _PROJECT), keyring_problems(found, _PROJECT), secrets


def _value(text: str) -> Any:
    """Pulumi passes objects as JSON; anything else is a plain string, which validation refuses."""
    try:
        return json_of(text)
    except ValueError:
        return text
