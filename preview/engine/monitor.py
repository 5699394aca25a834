"""The engine's answers to the SDK: registers resources, gates invokes, refuses what only a real engine can answer."""
# ruff: noqa: N802  # the method names are those of the gRPC service that the SDK calls

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from pulumi.runtime.proto import resource_pb2 as proto

from preview.engine import inherit, urn
from preview.engine.graph import Graph, LogLine
from preview.engine.inherit import Goal
from preview.engine.record import Recorder
from preview.engine.wire import UNKNOWN_ON_WIRE, Empty, Struct, WireValue, has_unknowns, pack, render, unpack

# The id of a resource by its type and its wire inputs, None where they don't say it.
Identify = Callable[[str, Mapping[str, WireValue]], str | None]

_NO_GOAL = Goal()
_NOTHING: Mapping[str, str] = {}
_EMPTY_INPUTS = pack(Struct())

# As `supportedMonitorFeatures` in source_eval.go. State migrations are left out: they need a state.
_FEATURES = (
    proto.RESOURCE_MONITOR_FEATURE_SECRETS,
    proto.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    proto.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    proto.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    proto.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    proto.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    proto.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    proto.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    proto.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    proto.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    proto.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    proto.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    proto.RESOURCE_MONITOR_FEATURE_SENDS_OPTIONS_TO_HOOKS,
    proto.RESOURCE_MONITOR_FEATURE_BYTE_STRING,
    proto.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
    proto.RESOURCE_MONITOR_FEATURE_INVOKE_PARENT,
)

_GO_DURATION = re.compile(r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)")


class RequestRefusedError(Exception):
    """The engine refuses a request; the program cannot go on."""


class Monitor:
    """The resource monitor of one preview. Single-threaded: every call is answered immediately."""

    def __init__(self, project: str, stack: str, identify: Identify | None = None) -> None:
        self.refusal: str | None = None
        self._identify = identify
        self._project = project
        self._stack = stack
        self._recorder = Recorder()
        self._goals: dict[str, Goal] = {}
        self._providers: dict[str, Mapping[str, str]] = {}  # by component URN
        self._children: dict[str, list[str]] = {}  # by component URN
        self._unconfigured: set[str] = set()  # providers whose configuration is unknown
        self._outputs = _EMPTY_INPUTS

    def graph(self, log: tuple[LogLine, ...]) -> Graph:
        """What has been registered so far."""
        return Graph(
            resources=self._recorder.resources(),
            outputs={key: render(value) for key, value in unpack(self._outputs).items()},
            log=log,
        )

    def GetDeploymentInfo(self, _request: Empty) -> proto.DeploymentInfo:
        """What the SDK may use; the same features as the real engine's."""
        return proto.DeploymentInfo(project=self._project, stack=self._stack, dryRun=True, supportedFeatures=_FEATURES)

    def RegisterPackage(self, request: proto.RegisterPackageRequest) -> proto.RegisterPackageResponse:
        """Name a parameterised package; the real reference is a random id, which no resource's inputs show."""
        return proto.RegisterPackageResponse(ref=f"{request.name}@{request.version}:{request.parameterization.name}")

    def RegisterResource(self, request: proto.RegisterResourceRequest) -> proto.RegisterResourceResponse:
        """Record a resource and answer as a first preview does.

        Custom resources have neither id nor outputs. Providers have the unknown id and, as the engine's provider
        registry does, echo their configuration. Components only have a URN.
        """
        self._check_request(request)
        above = self._goals.get(request.parent, _NO_GOAL)
        goal = inherit.inherit(request, above)
        providers_above = self._providers.get(request.parent, _NOTHING)
        if request.custom or request.remote:
            package = urn.package_of(request.type)
            reference = inherit.resolve_provider(goal.provider, request.providers, providers_above, package)
            is_provider = urn.is_provider_type(request.type)
            goal = Goal(goal.deleted_with, goal.protect, goal.retain_on_delete, "" if is_provider else reference)
        if request.remote:
            return self._construct(request, goal, above)
        if not request.custom:
            goal = Goal(goal.deleted_with, goal.protect, goal.retain_on_delete)
        new = self._register(request, goal)
        if not request.custom:
            self._providers[new] = inherit.merge_providers(dict(request.providers), providers_above)
            return proto.RegisterResourceResponse(urn=new)
        if urn.is_provider_type(request.type):
            if has_unknowns(request.object):
                self._unconfigured.add(new)
            return proto.RegisterResourceResponse(urn=new, id=UNKNOWN_ON_WIRE, object=request.object)
        known = self._identify(request.type, unpack(pack(request.object))) if self._identify is not None else None
        return proto.RegisterResourceResponse(urn=new, id=known or "")

    def RegisterResourceOutputs(self, request: proto.RegisterResourceOutputsRequest) -> Empty:
        """Keep the stack's outputs; those of a component are not needed without a state."""
        if urn.type_of(request.urn) == urn.ROOT_STACK_TYPE:
            self._outputs = pack(request.outputs)
        return Empty()

    def Invoke(self, request: proto.ResourceInvokeRequest) -> proto.ResourceInvokeResponse:
        """Answer `unknown` while a dependency is not created, and nothing at all from an unconfigured provider."""
        self._check_open()
        if any(self._is_pending(dependency) for dependency in request.dependsOn):
            return proto.ResourceInvokeResponse(unknown=True)
        if inherit.reference_urn(request.provider) in self._unconfigured:
            return proto.ResourceInvokeResponse()
        return self._refuse(
            f"the embedded engine answers no invokes on existing resources: {request.tok} depends on no resource of"
            " this program; give it depends_on (InvokeOutputOptions) or take the value from the settings"
        )

    def Call(self, request: proto.ResourceCallRequest) -> NoReturn:
        """Refuse: a method runs inside a provider."""
        self._refuse(f"the embedded engine calls no methods of providers: {request.tok}")

    def ReadResource(self, request: proto.ReadResourceRequest) -> NoReturn:
        """Refuse: there is no cloud to read from."""
        self._refuse(f"the embedded engine reads no existing resources: {request.type} {request.name}")

    def ExistsResource(self, request: proto.ExistsResourceRequest) -> NoReturn:
        """Refuse: there is no cloud to query."""
        self._refuse(f"the embedded engine looks up no existing resources: {request.type} {request.id}")

    def SignalAndWaitForShutdown(self, _request: Empty) -> Empty:
        """Nothing is pending: every request was answered when it arrived."""
        return Empty()

    def _check_open(self) -> None:
        # After an error the real engine shuts its monitor down: nothing more is registered.
        if self.refusal is not None:
            raise RequestRefusedError("resource monitor shut down")

    def _refuse(self, message: str) -> NoReturn:
        self._check_open()
        self.refusal = message
        raise RequestRefusedError(message)

    def _check_request(self, request: proto.RegisterResourceRequest) -> None:
        self._check_open()
        if request.parent and not urn.is_valid(request.parent):
            self._refuse(f'invalid parent URN: invalid URN "{request.parent}"')
        if (request.custom or request.remote) and not urn.is_type_token(request.type):
            self._refuse(f"Type '{request.type}' is not a valid type token (must have format '*:*:*')")
        if request.envVarMappings and not urn.is_provider_type(request.type):
            self._refuse("envVarMappings can only be used with provider resources")
        timeouts = request.customTimeouts
        for timeout in (timeouts.create, timeouts.delete, timeouts.update, timeouts.read):
            if timeout and not _GO_DURATION.fullmatch(timeout):
                self._refuse(f"unable to parse customTimeout Value {timeout}")

    def _register(self, request: proto.RegisterResourceRequest, goal: Goal) -> str:
        parent = request.parent or None
        if parent is not None and parent not in self._recorder:
            self._refuse(f"could not find parent resource {parent}")
        new = urn.form(self._stack, self._project, parent, request.type, request.name)
        if new in self._recorder:
            self._refuse(f"Duplicate resource URN '{new}'; try giving it a unique name")
        if goal.provider and inherit.reference_urn(goal.provider) not in self._recorder:
            self._refuse(f"unknown provider '{goal.provider}' for resource {new}")
        self._recorder.add(new, request, goal)
        if goal != _NO_GOAL:
            self._goals[new] = goal
        if parent is not None and parent in self._providers:
            self._children.setdefault(parent, []).append(new)
        return new

    def _construct(
        self, request: proto.RegisterResourceRequest, goal: Goal, above: Goal
    ) -> proto.RegisterResourceResponse:
        # provider_plugin.go, Construct: with an unknown configuration the engine registers the bare component in the
        # provider's stead: no inputs, no children, no options but the inherited ones.
        if inherit.reference_urn(goal.provider) not in self._unconfigured:
            self._refuse(
                f"the embedded engine runs no provider plugins: {request.type} {request.name} is built inside one"
            )
        bare = proto.RegisterResourceRequest(type=request.type, name=request.name, parent=request.parent)
        inherited = inherit.inherit(bare, above)
        new = self._register(bare, Goal(inherited.deleted_with, inherited.protect, inherited.retain_on_delete))
        providers_above = self._providers.get(request.parent, _NOTHING)
        self._providers[new] = inherit.merge_providers(dict(request.providers), providers_above)
        return proto.RegisterResourceResponse(urn=new)

    def _is_pending(self, dependency: str) -> bool:
        # A component means its descendants down to the first custom resource on each branch; a URN that the
        # program did not register is skipped (resourcetracker/tracker.go).
        resource = self._recorder.get(dependency)
        if resource is None:
            return False
        if resource.custom:
            return not urn.is_provider_type(resource.type)
        return any(self._is_pending(child) for child in self._children.get(dependency, ()))


class Callbacks:
    """Refuses the program's callbacks by name, instead of the SDK's callback server: no socket is opened."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def _refuse(self, what: str) -> NoReturn:
        self._monitor._refuse(f"the embedded engine runs no {what}: declare it on the resources themselves")  # noqa: SLF001  # one engine, two faces

    def register_transform(self, _transform: object) -> NoReturn:
        """Refuse a resource's transform."""
        self._refuse("transforms")

    def register_stack_transform(self, _transform: object) -> NoReturn:
        """Refuse a transform of the whole stack."""
        self._refuse("transforms")

    def register_invoke_transform(self, _transform: object) -> NoReturn:
        """Refuse a transform of invokes."""
        self._refuse("invoke transforms")

    def register_state_migration(self, _migration: object) -> NoReturn:
        """Refuse a state migration."""
        self._refuse("state migrations")

    def register_resource_hook(self, _hook: object) -> NoReturn:
        """Refuse a resource hook."""
        self._refuse("resource hooks")

    def register_error_hook(self, _hook: object) -> NoReturn:
        """Refuse an error hook."""
        self._refuse("error hooks")
