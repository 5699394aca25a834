"""Stacks as earlier versions of this program left them: settings, state and clouds, kept as data for each version."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from pulumi import automation

from rehearsal.engine import Engine, StackRun
from simulators.azure.cloud import AzureObject, api_host
from tests.engine.platform_stacks import PROGRAM, PROJECT, crd_groups, section
from tests.stack_files import strings, upgraded

RECORDED: Final = Path(__file__).with_name("recordings")
# Where in whose files a resource was declared and when it was made: the engine decides nothing by it, and it names the
# folders of the machine that recorded.
_LEFT_OUT: Final = frozenset({"created", "modified", "sourcePosition", "stackTrace"})
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_KUBERNETES_PROVIDER: Final = "pulumi:providers:kubernetes"


@dataclass(frozen=True)
class Recording:
    """One stack of one version. `folder` bears the version's name and holds a stack file and a state for each stack."""

    folder: Path
    stack: str

    def __str__(self) -> str:
        return f"{self.version}-{self.stack}"

    @property
    def version(self) -> str:
        """Version of the program that made the stack, or the commit of one that had none."""
        return self.folder.name

    @property
    def stack_file(self) -> Path:
        """The settings, with the salt of their secrets."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    @property
    def state_file(self) -> Path:
        """The state and what else was there."""
        return self.folder / f"{self.stack}.json"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The `config` of the stack file."""
        return yaml.safe_load(self.stack_file.read_text())["config"]

    @cached_property
    def content(self) -> dict[str, Any]:
        """`commit`, `version` of the state's format, `surroundings` in Azure, `deployment` as the engine exports it."""
        return json.loads(self.state_file.read_text())

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The state's resources, each after those that it depends on."""
        return self.content["deployment"]["resources"]

    def write(
        self,
        stack_file: Path,
        *,
        commit: str,
        state_version: int,
        surroundings: Iterable[AzureObject],
        state: Mapping[str, Any],
    ) -> None:
        """Keep a stack: its file as the engine has completed it, its state without what only a person would read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stack_file, self.stack_file)
        resources = [_kept(resource) for resource in state["resources"]]
        head = {
            "commit": commit,
            "version": state_version,
            "surroundings": [asdict(found) for found in surroundings],
            "deployment": {**state, "manifest": _made(state["manifest"]), "resources": []},
        }
        # A line for each resource: a version differs from the one before it by the lines that `diff` shows.
        body = ",\n".join(json.dumps(resource, separators=(",", ":")) for resource in resources)
        text = json.dumps(head, indent=1, sort_keys=True)
        self.state_file.write_text(text.replace('"resources": []', f'"resources": [\n{body}\n]') + "\n")


def _made(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Which engine wrote a state, without when."""
    return {name: value for name, value in manifest.items() if name != "time"}


def _kept(resource: Mapping[str, Any]) -> dict[str, Any]:
    names = ("urn", *sorted(set(resource) - _LEFT_OUT - {"urn"}))
    kept = {name: resource[name] for name in names}
    if "dependencies" in kept:
        kept["dependencies"] = sorted(kept["dependencies"])
    if "propertyDependencies" in kept:
        kept["propertyDependencies"] = {key: sorted(urns) for key, urns in kept["propertyDependencies"].items()}
    return kept


def recordings() -> list[Recording]:
    """Every recorded stack, sorted by version and stack."""
    return [Recording(path.parent, path.stem) for path in sorted(RECORDED.glob("*/*.json"))]


def engine_with(recording: Recording, directory: Path, arm: Path) -> Engine:
    """An engine for a recorded stack, in its subscription. The charts are today's."""
    subscription = section(recording.settings, "platform")["subscription_id"]
    return Engine(directory, arm=arm, crd_groups=crd_groups(), subscription=subscription)


def restore(engine: Engine, recording: Recording, resources: list[dict[str, Any]] | None = None) -> StackRun:
    """Today's program on a recorded stack: its settings, its state (or `resources` instead), the clouds it was in."""
    run = engine.stack(recording.stack, PROGRAM, {}, project=PROJECT)
    # The recorded salt with its settings: what is encrypted in them and in the state opens with no other.
    run._settings.write_text(upgraded(recording.stack_file.read_text(), recording.stack))
    content = recording.content
    deployment = {**content["deployment"], "resources": resources or recording.resources}
    run._stack.import_stack(automation.Deployment(version=content["version"], deployment=deployment))
    for found in content["surroundings"]:
        engine.cloud.put(AzureObject(**found))
    for resource in _opened(run):
        _put(engine, resource)
    return run


def _opened(run: StackRun, secrets: list[Any] | None = None) -> list[dict[str, Any]]:
    """The resources of a stack's state, secrets in plain text: never to be written to a file. `secrets` gets them."""
    deployment = run._stack.export_stack().deployment or {}
    return [_open(resource, [] if secrets is None else secrets) for resource in deployment["resources"]]


def _open(value: Any, secrets: list[Any]) -> Any:
    if isinstance(value, Mapping):
        if _SIGNATURE not in value:
            return {key: _open(item, secrets) for key, item in value.items()}
        secrets.append(json.loads(value["plaintext"]))
        return secrets[-1]
    return [_open(item, secrets) for item in value] if isinstance(value, list) else value


def secrets_of(run: StackRun) -> list[str]:
    """Every secret of a stack's state in plain text, sorted."""
    found: list[Any] = []
    _opened(run, found)
    return sorted({text for secret in found for text in strings(secret)})


def token_of(type_: str) -> str:
    """`module:Type` of an azure-native type, without the version of its API."""
    _, module, name = type_.split(":")
    return f"{module.partition('/')[0]}:{name}"


def _put(engine: Engine, resource: Mapping[str, Any]) -> None:
    """Let what a state holds exist in the clouds; what it holds is in the order of its making."""
    type_, inputs = resource["type"], resource.get("inputs") or {}
    if type_ == _KUBERNETES_PROVIDER:
        engine.kubernetes.configure(inputs)
    elif type_.startswith("kubernetes:"):
        engine.kubernetes.create(type_, inputs)
    elif type_.startswith("azure-native:"):
        # As it answered then, not as today's stand-in would: it is today's program that is on trial.
        made = AzureObject(resource["id"], token_of(type_), inputs, resource["outputs"])
        engine.cloud.put(made)
        if (host := api_host(made)) is not None:
            engine.cloud.start_cluster(host)
