"""A stack of the real engine that the product's own verbs operate, and calls at which something happens."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import automation

from operate.cli import Cli
from operate.progress import Event
from operate.screen import Screen
from operate.updating import Operator, Wishes
from operate.workspace import Stack
from rehearsal.engine import Engine, StackRun, callable_of
from rehearsal.moments import signal_engine
from simulators.provider_protocol.base import SimulatedProvider
from tests.engine.platform_stacks import PROGRAM, PROJECT

# `pulumi import` starts the plugin of the program's language, which is no Go module, and lets it do nothing.
_LANGUAGE = """#!{python}
from concurrent import futures
import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc
server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(lambda: None), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""
_METHODS = ("create", "update", "delete")


class Watched(Screen):
    """A screen without a terminal that keeps what it shows."""

    def __init__(self) -> None:
        super().__init__(is_json=True)
        self.lines: list[str] = []
        self.documents: list[dict[str, Any]] = []

    def say(self, text: str = "") -> None:
        self.lines.append(text)

    def event(self, event: Event) -> None:
        self.documents.append({"event": event.event, "op": event.op, "urn": event.urn, "name": event.name})

    def document(self, document: Mapping[str, Any]) -> None:
        self.documents.append(dict(document))

    def of(self, event: str) -> list[dict[str, Any]]:
        """Documents of one kind."""
        return [each for each in self.documents if each["event"] == event]


class Operated:
    """One stack with its file in a folder of its own."""

    def __init__(
        self, engine: Engine, name: str, config: Mapping[str, Any] | Path, program: Path | Callable[[], None] = PROGRAM
    ) -> None:
        self.engine = engine
        self.run: StackRun = engine.stack(name, program, config, project=PROJECT)
        folder = engine.directory / "work" / PROJECT / name
        self.file = folder / f"Pulumi.{name}.yaml"
        self._folder, self._program = folder, program
        self.stack = self.opened()
        self.screen = Watched()

    def opened(self) -> Stack:
        """The stack as another process would open it."""
        environment = {
            **self.engine.environment,
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_HOME": str(self.engine.directory / "home"),
            "PATH": f"{self._language()}{os.pathsep}{os.environ['PATH']}",
        }
        workspace = automation.LocalWorkspace(
            work_dir=str(self._folder),
            program=callable_of(self._program),
            env_vars=environment,
            project_settings=automation.ProjectSettings(name=PROJECT, runtime="python", main=str(Path.cwd())),
            pulumi_command=Cli(root=str(self.engine.root)),
        )
        return Stack(self.run.name, workspace)

    def _language(self) -> Path:
        """A folder for the search path with the plugin of the program's language."""
        place = self.engine.directory / "bin"
        place.mkdir(exist_ok=True)
        plugin = place / "pulumi-language-python"
        plugin.write_text(_LANGUAGE.format(python=sys.executable), encoding="utf-8")
        plugin.chmod(0o755)
        return place

    def operator(self, **wishes: Any) -> Operator:
        """The stack's operator, who says yes beforehand unless `yes` is False."""
        self.screen = Watched()
        wishes.setdefault("yes", True)
        return Operator(self.stack, self.screen, Wishes(**wishes))

    def up(self, **wishes: Any) -> bool:
        """`llm-platform up`."""
        with self.engine.leaving_out():
            return self.operator(**wishes).up()

    @property
    def locks(self) -> Path:
        """Where the backend keeps the stack's locks."""
        return self.engine.directory / "backend" / ".pulumi" / "locks" / "organization" / PROJECT / self.stack.name

    def is_complete(self, but: Collection[str] = ()) -> None:
        """Nothing is left over or missing in the clouds `but` these ids, nothing is unfinished or left to do."""
        exported = self.run.export()
        assert not exported.get("pending_operations")
        known = [each for each in exported["resources"] if each["custom"] and not each["type"].startswith("pulumi:")]
        azure = {each["id"].lower() for each in known if each["type"].startswith("azure-native:")}
        assert azure == {each.id.lower() for each in self.engine.cloud.azure if each.id not in but}
        assert sum(each["type"].startswith("kubernetes:") for each in known) == sum(
            len(cluster.objects) for cluster in self.engine.cloud.clusters.values()
        )
        left = self.run.preview().operations
        assert left == {}, left


@contextmanager
def watching(engine: Engine, happens: Callable[[str, str], None], *, done: bool) -> Generator[None]:
    """Within it, something may happen at each call that changes a cloud: after it is carried out, or before it is.

    It gets the method (create, update or delete) and the type, in the call's thread.
    """
    with _watching(engine.azure, happens, done=done), _watching(engine.kubernetes, happens, done=done):
        yield


@contextmanager
def _watching(provider: SimulatedProvider, happens: Callable[[str, str], None], *, done: bool) -> Generator[None]:
    originals = {method: getattr(provider, method) for method in _METHODS}

    def watched(method: str) -> Callable[..., Any]:
        def call(type_: str, *arguments: Any) -> Any:
            if not done:
                happens(method, type_)
            answer = originals[method](type_, *arguments)
            if done:
                happens(method, type_)
            return answer

        return call

    for method in _METHODS:
        setattr(provider, method, watched(method))
    try:
        yield
    finally:
        for method in _METHODS:
            setattr(provider, method, originals[method])


def kill() -> None:
    """What a lost machine does to the engine."""
    signal_engine(signal.SIGKILL)


def press_ctrl_c(engine: Engine, type_: str) -> None:
    """One Ctrl-C, which reaches this process; the call in which it comes waits until the engine cancels it."""
    provider = engine.kubernetes if type_.startswith("kubernetes:") else engine.azure
    os.kill(os.getpid(), signal.SIGINT)
    assert provider.cancellation.wait(30)


class Every:
    """Counts calls that change a cloud; at every nth one, something happens, once for each `armed`."""

    def __init__(self, number: int, happens: Callable[[str, str], None]) -> None:
        self.number, self._happens = number, happens
        self.count = 0
        self.is_armed = False
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self, method: str, type_: str) -> None:
        with self._lock:
            self.count += 1
            due = self.is_armed and self.count >= self.number
            if due:
                self.is_armed, self.count = False, 0
        if due:
            self.times += 1
            self._happens(method, type_)
