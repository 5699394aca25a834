"""Runs one Pulumi program to its end on a fresh event loop, and restores the SDK's state afterwards."""

import asyncio
import contextlib
import contextvars
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pulumi.errors import RunError
from pulumi.runtime import settings as sdk
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.stack import run_in_stack

from preview.engine.graph import Graph, LogLine, ProgramFailed
from preview.engine.monitor import Callbacks, Identify, Monitor, RequestRefusedError
from preview.engine.shortcuts import shortcuts
from preview.engine.wire import Empty

_SEVERITIES = {engine_pb2.INFO: "info", engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}
_SHORTEST_SECRET = 3  # the real engine does not mask shorter ones in messages either
_SDK_CALLS = "pulumi.runtime._context"  # the module of the wrapper around every call to the monitor


def preview(
    program: Callable[[], object] | Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: Sequence[str] = (),
    identify: Identify | None = None,
) -> Graph:
    """The graph that a first preview of a program on an empty stack would show.

    The cycle collector is paused for that time and must then free the program's objects; a process that ends after one
    preview saves that time by turning the collector off itself.

    Args:
        program: the path of a `__main__.py` (or its folder), run as Pulumi runs it, or a callable of no arguments that
            may return an awaitable.
        project: the project's name, part of every URN.
        stack: the stack's name, part of every URN.
        config: the stack's settings: keys with their namespace (`llm-platform:pools`), values as text (objects: JSON).
        secret_keys: the keys of `config` whose values are secret.
        identify: answers ids, as where the resources exist already; without it ids are unknown, as at a first preview.

    Raises:
        ProgramFailed: the program raised, exited, registered a URN twice or requested what only a provider or
            an existing stack could answer. It carries the graph registered until then.
        RuntimeError: called from inside a running event loop.
    """
    # The SDK keeps its state in context variables: in a copied context it cannot meet another preview's, or mocks.
    return contextvars.copy_context().run(_preview, program, project, stack, config, secret_keys, identify)


def _preview(
    program: Callable[[], object] | Path,
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: Sequence[str],
    identify: Identify | None,
) -> Graph:
    monitor = Monitor(project, stack, identify)
    engine = _Engine([config[key] for key in secret_keys if key in config])
    sdk.ROOT.set(None)
    set_all_config(dict(config), list(secret_keys))
    sdk.configure(
        sdk.Settings(
            project=project,
            stack=stack,
            monitor=monitor,
            engine=engine,
            dry_run=True,
            legacy_apply_enabled=False,
            organization="organization",  # what a self-managed state store calls it
            root_directory=str(_folder(program)) if isinstance(program, Path) else None,
        )
    )
    sdk.SETTINGS.callbacks = Callbacks(monitor)  # where the SDK would start a gRPC server
    stray: list[BaseException] = []
    try:
        with shortcuts(), asyncio.Runner(loop_factory=_Loop) as runner:
            runner.get_loop().set_exception_handler(lambda _, about: _collect(stray, about))
            runner.run(run_in_stack(_entry(program)))
            runner.run(_settle())
    except Exception as error:  # a program may raise anything: it is passed on as the cause
        raise _failure(monitor, engine, error) from error
    except SystemExit as error:
        raise _failure(monitor, engine, error) from error
    if stray:
        raise _failure(monitor, engine, stray[0]) from stray[0]
    if monitor.refusal is not None:  # the program caught it; the real engine would have stopped nevertheless
        raise ProgramFailed(engine.masked(monitor.refusal), monitor.graph(tuple(engine.log)))
    return monitor.graph(tuple(engine.log))


class _Engine:
    """The engine's log: messages of the program in order, with secret settings masked, debug messages dropped."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self.log: list[LogLine] = []
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def Log(self, request: engine_pb2.LogRequest) -> Empty:  # noqa: N802  # the gRPC service's name
        """Keep one message."""
        severity = _SEVERITIES.get(request.severity)
        if severity is not None:
            self.log.append(LogLine(severity, self.masked(request.message), request.urn or None))
        return Empty()

    def RequirePulumiVersion(self, _request: object) -> NoReturn:  # noqa: N802  # the gRPC service's name
        """Refuse: without a CLI there is no version to compare."""
        raise RequestRefusedError("the embedded engine has no CLI version for require_pulumi_version to check")

    def masked(self, message: str) -> str:
        """The message with the values of secret settings replaced."""
        for secret in self._secrets:
            message = message.replace(secret, "[secret]")
        return message


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that answers the SDK's calls to the engine immediately: handing them to a thread costs more."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        if executor is not None or getattr(func, "__module__", None) != _SDK_CALLS:
            return super().run_in_executor(executor, func, *args)
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # handed to whoever awaits the future, as an executor would
            future.set_exception(error)
        return future


def _folder(program: Path) -> Path:
    path = program.resolve()
    return path if path.is_dir() else path.parent


def _entry(program: Callable[[], object] | Path) -> Callable[[], Any]:
    if not isinstance(program, Path):
        return program
    folder = _folder(program)
    main = folder / "__main__.py" if program.is_dir() else program.resolve()

    def run() -> None:
        # As the language host does: in the program's folder, which is where its own modules are found.
        sys.path.insert(0, str(folder))
        try:
            with contextlib.chdir(folder):
                runpy.run_path(str(main), run_name="__main__")
        finally:
            sys.path.remove(str(folder))

    return run


async def _settle() -> None:
    # The SDK does not wait for messages that it attaches to a resource; the resource is registered, so they are ready.
    pending = asyncio.all_tasks() - {asyncio.current_task()}
    for _ in range(10):
        if not any(not task.done() for task in pending):
            break
        await asyncio.sleep(0)
    for task in pending:
        if task.done() and not task.cancelled():
            task.result()


def _collect(stray: list[BaseException], about: Mapping[str, Any]) -> None:
    error = about.get("exception")
    if isinstance(error, BaseException):
        stray.append(error)


def _failure(monitor: Monitor, engine: _Engine, error: BaseException) -> ProgramFailed:
    if monitor.refusal is not None:
        message = monitor.refusal
    elif isinstance(error, RunError | RequestRefusedError):
        message = str(error)
    elif isinstance(error, SystemExit):
        message = f"the program exited with status {error.code} before it ended"
    else:
        message = f"{type(error).__name__}: {error}"
    return ProgramFailed(engine.masked(message), monitor.graph(tuple(engine.log)))
