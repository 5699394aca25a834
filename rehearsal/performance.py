"""One rehearsal from its control plane to its summary, in a process of its own."""

import threading
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import catalog
import config
from planning import decide
from planning.plan import Plan
from rehearsal.cluster import ClusterEngine, let_runner_network_exist, platform_engine
from rehearsal.cluster_lines import KINDS, ClusterLines
from rehearsal.control_plane import ControlPlane
from rehearsal.engine import OperationRefusedError, StackRun
from rehearsal.engine_lines import EngineLines
from rehearsal.fault_parts import NotMetError
from rehearsal.faults import FAULTS, Fault
from rehearsal.followed import Followed
from rehearsal.job import Job, Update
from rehearsal.moments import Moments
from rehearsal.outcome import Outcome
from rehearsal.summary import Summary, changes, deployments_of, diagnostics
from rehearsal.timeline import Timeline
from simulators.api_server.waiting import WaitTimeoutError, eventually

PROJECT: Final = "llm-platform"
FINE, FAILED = 0, 2
_PROGRAM: Final = Path(__file__).resolve().parents[1] / "__main__.py"
# A container is ready so late: long enough to see a rollout's steps.
_READY_SECONDS: Final = 1.0
# How often it is looked whether the control plane runs.
_LOOK_SECONDS: Final = 0.5
# Of pods in pools that may be empty, which no update waits for.
_SERVING_SECONDS: Final = 60


def plan_of(update: Update) -> Plan:
    """The Plan of an update's sections, which were checked before."""
    return decide(config.load(deepcopy(dict(update.sections))), catalog.load(), bootstrap=update.secrets)


class Performance:
    """One rehearsal, in a running engine. `plan` is that of the update at hand."""

    def __init__(self, job: Job, engine: ClusterEngine, timeline: Timeline) -> None:
        self._job, self._timeline = job, timeline
        self.engine = engine
        self.plan = plan_of(job.updates[0])
        self.moments = Moments(engine.azure, engine.kubernetes)
        self._engine_lines = EngineLines(timeline)
        names = {name for update in job.updates for _, name in deployments_of(plan_of(update))}
        self._cluster_lines = ClusterLines(timeline, sorted(names))
        self._stack: StackRun | None = None

    def run(self) -> int:
        """Do every update, and say what came of it; returns the exit code."""
        self.engine.on_event = self._engine_lines
        summary = Summary(self._timeline, self._engine_lines, self._cluster_lines)
        with Followed(self.engine.client, KINDS, self._cluster_lines):
            status = self._updates(summary)
            summary.end(self.plan)
        return status

    def _updates(self, summary: Summary) -> int:
        *earlier, last = self._job.updates
        fault = FAULTS[self._job.fault] if self._job.fault else None
        for update in earlier:
            self._configure(update)
            self._timeline.add("phase", f"up, as {update.file} has it")
            if not self._succeeds(summary):
                return FAILED
        self._configure(last)
        self._cluster_lines.reset()
        if fault is not None and not self._fails(fault, last):
            return FAILED
        again, refresh = fault is not None, fault is not None and fault.refreshes
        words = f"the next up{', with --refresh' if refresh else ''}" if again else f"up, as {last.file} has it"
        self._timeline.add("phase", words)
        succeeded = self._succeeds(summary, is_change=bool(earlier), is_next=again, refresh=refresh)
        return FINE if succeeded else FAILED

    def _configure(self, update: Update) -> None:
        settings = settings_of(update)
        let_runner_network_exist(self.engine, settings)
        if self._stack is None:
            self._stack = self.engine.stack(self._job.stack, _PROGRAM, settings, project=PROJECT)
        else:
            self._stack.configure(settings)
        self._stack.set_secrets({f"{PROJECT}:{name}": f"made up for {name}" for name in update.secrets})
        self.plan = plan_of(update)

    def _up(self, **options: Any) -> Outcome:
        assert self._stack is not None  # noqa: S101 - configured before
        return self._stack.up(**options)

    def _succeeds(
        self, summary: Summary, *, is_change: bool = False, is_next: bool = False, refresh: bool = False
    ) -> bool:
        """Whether an update ends well, with every model at its fewest replicas."""
        try:
            outcome = self._up(refresh=refresh)
        except OperationRefusedError as error:
            self._timeline.add("error", f"the update failed:\n{diagnostics(error.outcome)}")
            return False
        self._timeline.add("phase", f"the update is done: {changes(outcome)}", **outcome.changes)
        summary.updated(outcome, is_change=is_change, is_next=is_next)
        return self._all_serve()

    def _all_serve(self) -> bool:
        wanted = deployments_of(self.plan)

        def served() -> bool:
            return all(self._cluster_lines.serving(name) >= fewest for (_, name), fewest in wanted.items())

        try:
            eventually(served, "every model serves", timeout_seconds=_SERVING_SECONDS)
        except WaitTimeoutError:
            return False
        return True

    def _fails(self, fault: Fault, update: Update) -> bool:
        """Let the update meet the fault; False where it did not."""
        self._timeline.add("fault", f"fault {fault.name}: {fault.text}", fault=fault.name)
        self._timeline.add("phase", f"up, as {update.file} has it")
        try:
            with fault.begin(self):
                try:
                    outcome = self._up(parallel=fault.parallel)
                except OperationRefusedError as error:
                    text = f"the update failed, as its user would see it:\n{diagnostics(error.outcome)}"
                    self._timeline.add("error", text)
                else:
                    self._timeline.add("phase", f"the update is done in spite of the fault: {changes(outcome)}")
        except NotMetError as error:
            self._timeline.add("fault", f"the fault did not happen in this update: {error}", fault=fault.name)
            return False
        return True


def settings_of(update: Update) -> dict[str, Any]:
    """The `config` of a stack file that says the same."""
    return {f"{PROJECT}:{name}": section for name, section in update.sections.items()}


def perform(job: Job, timeline: Timeline, stay: Callable[[int], None], lost: Callable[[str], None]) -> int:
    """Do a rehearsal; returns the exit code, 0 if everything ended as it should and 2 if not.

    `stay` is called while everything still runs, if the job says so; `lost`, in a thread, when a part of the control
    plane was killed: whoever needs it would wait for minutes.
    """
    directory = Path(job.directory)
    arm = Path(job.reference) / "arm"
    with platform_engine(settings_of(job.updates[0]), directory / "engine", arm, shortcuts=True) as engine:
        threading.Thread(target=_watch, args=(engine.plane, lost), name="control plane", daemon=True).start()
        engine.azure.machines.autoscales = True
        engine.kubelets.ready_after_seconds = _READY_SECONDS
        ready = f"{engine.plane.ready_after_seconds:.0f} s"
        timeline.add("phase", f"etcd, API server, scheduler and controllers run ({ready}): {engine.plane.server}")
        status = Performance(job, engine, timeline).run()
        kubeconfig = str(directory / "engine" / "control-plane" / "kubeconfig")
        timeline.add("kubeconfig", f"look around: kubectl --kubeconfig {kubeconfig} get pods -A", path=kubeconfig)
        if job.stays:
            stay(status)
    return status


def _watch(plane: ControlPlane, lost: Callable[[str], None]) -> None:
    while (ended := plane.ended()) is None:
        time.sleep(_LOOK_SECONDS)
    lost(ended)
