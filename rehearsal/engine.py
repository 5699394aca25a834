"""The real Pulumi engine on one of our programs: preview, update, refresh and destroy against stand-in clouds."""

import contextlib
import functools
import gc
import importlib
import json
import logging
import pkgutil
import runpy
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pulumi import automation
from pulumi.automation import errors as automation_errors
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent

from rehearsal.outcome import OperationRefusedError, Outcome, outcome
from rehearsal.toolchain import pulumi_binary
from simulators.azure.cloud import Cloud
from simulators.azure.provider import DEFAULT_SUBSCRIPTION, AzureNative
from simulators.kubernetes_provider.in_memory import Kubernetes
from simulators.provider_protocol.base import SimulatedProvider
from simulators.provider_protocol.calls import CallLog
from simulators.random_provider.provider import Random

Program = Path | Callable[[], None]
Operation = Literal["preview", "up", "refresh", "destroy"]
# Guards made-up values alone; the recorded states of earlier versions are encrypted with it.
_PASSPHRASE = "a passphrase that only the tests know"  # noqa: S105 - as above
_NOT_READ = automation.UpdateSummary("", datetime.min.replace(tzinfo=UTC), "", {}, {}, "")


def _traceback_as_text(record: logging.LogRecord) -> bool:
    """Pytest keeps log records, and a record's frames would keep the coroutines of a refused program alive."""
    if record.exc_info:
        record.exc_text, record.exc_info = logging.Formatter().formatException(record.exc_info), None
    return True


logging.getLogger("grpc._server").addFilter(_traceback_as_text)


def callable_of(program: Program) -> Callable[[], None]:
    """The program as the engine's language host would run it: its own folder comes first on the import path."""
    if not isinstance(program, Path):
        return program

    def run() -> None:
        folder = str(program.resolve().parent)
        sys.path.insert(0, folder)
        try:
            runpy.run_path(str(program), run_name="__main__")
        finally:
            sys.path.remove(folder)

    return run


@functools.cache
def _modules_are_no_garbage() -> None:
    """What the program imports stays: it need not be searched for garbage.

    Before any operation: channels to an engine that were kept for ever would go on trying to reach it, and fail a later
    one at the same port.
    """
    components = importlib.import_module("components")
    for module in pkgutil.walk_packages(components.__path__, "components."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _shortcuts() -> AbstractContextManager[None]:
    """What the preview leaves out. Looked for when it is used: a recorded program of earlier may not have it."""
    return importlib.import_module("preview.engine.shortcuts").shortcuts()


@contextlib.contextmanager
def _search_for_garbage_afterwards() -> Generator[None]:
    """A program's graph is all live until it ends; to search it again and again takes a third of the time."""
    _modules_are_no_garbage()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        # What has come since: what was there before stays as long as it did.
        gc.collect(0)


class _Stack(automation.Stack):
    """Ends an operation with the engine's own process.

    The Automation API starts it three times more, for the program's outputs and the record of the update.
    """

    def exported(self) -> automation.OutputMap:
        """What the Automation API calls `outputs`."""
        return super().outputs()

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002 - as there
        return _NOT_READ


@dataclass(frozen=True)
class Done:
    """One operation of an engine that ended."""

    operation: Operation
    outcome: Outcome
    is_refused: bool


class StackRun:
    """One stack of one program. Program and settings may be changed between two operations."""

    def __init__(self, engine: "Engine", project: str, name: str, program: Program, settings: Path) -> None:
        self._engine = engine
        self._settings = settings
        self.project = project
        self.name = name
        self.program = program
        workspace = automation.LocalWorkspace(
            work_dir=str(settings.parent),
            program=callable_of(program),
            pulumi_home=str(engine.directory / "home"),
            env_vars=engine.environment,
            project_settings=automation.ProjectSettings(name=project, runtime="python", main=str(Path.cwd())),
            pulumi_command=automation.PulumiCommand(root=str(engine.root), skip_version_check=True),
        )
        self._stack = _Stack(name, workspace, StackInitMode.CREATE)

    def configure(self, config: Mapping[str, Any] | Path) -> None:
        """Replace the settings: a mapping `namespace:key` → value, or a stack file, which is copied, never touched."""
        kept = yaml.safe_load(self._settings.read_text()) if self._settings.exists() else {}
        written = {"config": dict(config)} if isinstance(config, Mapping) else yaml.safe_load(config.read_text())
        if isinstance(config, Path) and "encryptionsalt" not in kept:
            shutil.copyfile(config, self._settings)
            return
        # The engine has written the salt of the stack's secrets into its copy: it must survive.
        salt = {"encryptionsalt": kept["encryptionsalt"]} if "encryptionsalt" in (kept or {}) else {}
        self._settings.write_text(yaml.safe_dump({**written, **salt}, sort_keys=False, allow_unicode=True))

    def set_secrets(self, values: Mapping[str, str]) -> None:
        """Set further settings, `namespace:key` → value, as `pulumi config set --secret` does."""
        if values:
            self._stack.set_all_config(
                {key: automation.ConfigValue(value, secret=True) for key, value in values.items()}
            )

    def preview(self, **options: Any) -> Outcome:
        """What an update would do. Raises OperationRefusedError like every operation here."""
        return self._run("preview", **options)

    def up(self, **options: Any) -> Outcome:
        """Update the stack."""
        return self._run("up", **options)

    def refresh(self, **options: Any) -> Outcome:
        """Read every resource again."""
        return self._run("refresh", **options)

    def destroy(self, **options: Any) -> Outcome:
        """Delete what the stack holds; the program is not run."""
        return self._run("destroy", **options)

    def _run(self, operation: Operation, **options: Any) -> Outcome:
        self._stack.workspace.program = callable_of(self.program)
        events: list[EngineEvent] = []
        lines: list[str] = []
        mark = len(self._engine.log)
        takers = (events.append, self._engine.on_event)
        try:
            with _search_for_garbage_afterwards(), self._engine.leaving_out():
                getattr(self._stack, operation)(
                    on_event=lambda event: [take(event) for take in takers],
                    on_output=lines.append, color="never", **options,
                )  # fmt: skip
        except automation_errors.CommandError as error:
            done = outcome(events, self._engine.log.since(mark), "\n".join(lines))
            self._engine.history.append(Done(operation, done, is_refused=True))
            # Coroutines of a program that was refused midway complain when they are collected: here, where it does no
            # harm. Inside a parser (pytest shows sources) Python 3.11 ends in a SystemError over it.
            gc.collect()
            raise OperationRefusedError(str(error), done) from error
        done = outcome(events, self._engine.log.since(mark), "\n".join(lines))
        self._engine.history.append(Done(operation, done, is_refused=False))
        return done

    @property
    def _state_file(self) -> Path:
        return self._engine.directory / "backend" / ".pulumi" / "stacks" / self.project / f"{self.name}.json"

    def export(self) -> dict[str, Any]:
        """The state as the backend's file has it. The Automation API's own export opens the secrets."""
        return json.loads(self.saved_state())["checkpoint"]["latest"]

    def saved_state(self) -> str:
        """The backend's file of the stack, for `restore_state`."""
        return self._state_file.read_text()

    def restore_state(self, saved: str) -> None:
        """Let the stack have an earlier state, secrets encrypted as they were; the clouds stay as they are."""
        self._state_file.write_text(saved)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Exported resources by URN: `inputs`, `outputs`, `dependencies`, `deletedWith` and so on."""
        return {resource["urn"]: resource for resource in self.export().get("resources") or []}

    def outputs(self) -> dict[str, Any]:
        """Exported values of the program, secrets opened."""
        return {key: output.value for key, output in self._stack.exported().items()}


class Engine:
    """The engine with its backend and clouds, all of them in one folder and in memory; nothing is shared with another.

    `arm` is the folder of ARM's definitions, `crd_groups` says which API groups a chart's CRDs bring, `subscription` is
    the Azure subscription of the sign-in. With `shortcuts` a program leaves out what our preview leaves out, two
    fifths of an operation's time: for tests that update a stack again and again. Those of what the shipped stacks
    register, and those of earlier versions, have the SDK as it is.
    """

    def __init__(
        self,
        directory: Path,
        *,
        arm: Path,
        crd_groups: Mapping[str, Iterable[str]] | None = None,
        subscription: str = DEFAULT_SUBSCRIPTION,
        shortcuts: bool = False,
    ) -> None:
        self.directory = directory
        self.root = pulumi_binary().parent.parent
        self.log = CallLog()
        self.cloud = Cloud()
        self.azure = AzureNative(self.log, self.cloud, arm, subscription)
        self.kubernetes = Kubernetes(self.log, self.cloud, crd_groups or {})
        self.random = Random(self.log)
        self.environment: dict[str, str] = {}
        # Every operation so far, in order.
        self.history: list[Done] = []
        # Also gets every event of every operation, in a thread.
        self.on_event: Callable[[EngineEvent], object] = lambda _event: None
        self.leaving_out: Callable[[], AbstractContextManager[None]] = (
            _shortcuts if shortcuts else contextlib.nullcontext
        )

    def _providers(self) -> tuple[SimulatedProvider, ...]:
        return self.azure, self.kubernetes, self.random

    def __enter__(self) -> Self:
        ports = {provider.package: provider.start() for provider in self._providers()}
        for folder in ("backend", "home"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        # A file where the engine's folder of debug logs would be: it writes none, which is a fifth of its time.
        (self.directory / "home" / "logs").touch()
        self.environment = {
            "GOGC": "400",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1",
            "PULUMI_BACKEND_URL": f"file://{self.directory / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in ports.items()),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        return self

    def __exit__(self, *_: object) -> None:
        for provider in self._providers():
            provider.stop()
        # Coroutines of a program that was refused midway complain when they are collected: now, not at the very end.
        gc.collect()

    def stack(
        self,
        name: str,
        program: Program,
        config: Mapping[str, Any] | Path,
        *,
        project: str = "llm-platform",
    ) -> StackRun:
        """A stack of a program: the path of a `__main__.py`, or a function. `config` is copied, never touched."""
        folder = self.directory / "work" / project / name
        folder.mkdir(parents=True, exist_ok=True)
        run = StackRun(self, project, name, program, folder / f"Pulumi.{name}.yaml")
        run.configure(config)
        return run
