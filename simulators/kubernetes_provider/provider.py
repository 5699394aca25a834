"""The stand-in for the kubernetes provider whose objects are in a real API server, which validates them.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go and pkg/await/await.go at 4.34: objects are created
by POST (one that exists is an error), changed by server-side apply, previewed by a dry run where everything in them
is known, and awaited. `README.md` says line by line what is played and what is not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import grpc

from simulators.api_server.client import ApiError, Client, Object
from simulators.azure.cloud import Cloud
from simulators.helm.installed_charts import InstalledCharts
from simulators.kubernetes_provider import answers, awaiting, readiness, server_side_apply
from simulators.kubernetes_provider import applied_objects as objects
from simulators.kubernetes_provider import ignored_fields as ignored
from simulators.kubernetes_provider.charts import ChartResources
from simulators.kubernetes_provider.connections import ApiServer, Connections
from simulators.kubernetes_provider.in_memory import Kubernetes
from simulators.kubernetes_provider.kubernetes_rules import group_of, replaces
from simulators.provider_protocol.calls import CallLog, CancelledError, HalfDoneError, RefusedError
from simulators.provider_protocol.differences import differences
from simulators.provider_protocol.responses import CheckFailure, Difference
from simulators.provider_protocol.wire import decode, encode

HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"


class ClusterKubernetes(Kubernetes):
    """Kubernetes as pulumi-kubernetes 4.34.2 sees it, with server-side apply on.

    `wait_limit_seconds` bounds every wait for an object to get ready, whatever the program allows, and
    `deletion_limit_seconds` every wait for one to be gone. `chart_resources` handles charts.
    """

    accepts_secrets = True

    def __init__(self, log: CallLog, plane: ApiServer, reference: Path, *, wait_limit_seconds: float = 120.0) -> None:
        super().__init__(log, Cloud(), {})
        self.wait_limit_seconds = wait_limit_seconds
        # The garbage collector, which ends a deletion in the foreground, looks for new kinds every 30 seconds only.
        self.deletion_limit_seconds = 90.0
        self.charts = InstalledCharts(plane.client, reference)
        self.chart_resources = ChartResources(self.charts)
        self._plane = plane
        self._configured = Connections(plane)

    @property
    def client(self) -> Client:
        """Client of the API server behind the provider."""
        return self._plane.client

    def configure(self, settings: dict[str, Any]) -> None:
        """Take over the kubeconfig, and find out here, once, whether the server answers (provider.go:987-1001)."""
        self.kubeconfig = self._configured.configure(self._peer, settings) or self.kubeconfig

    @property
    def _peer(self) -> str:
        return getattr(self._call, "peer", "")

    @property
    def _reason(self) -> str:
        return self._configured.reason(self._peer)

    def _reach(self, method: str, type_: str) -> Client:
        if self._reason:
            raise RefusedError(answers.unreachable(method, self._reason, is_chart=type_ == HELM_RELEASE))
        return self.client

    def annotated(self, answer: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Secret is what the inputs had secret, and the data of a Secret."""
        return answers.annotated(answer, given)

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Unknown to the real provider: the engine falls back to `Attach` and to the answer to `Configure`."""
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "method Handshake not implemented")

    # Comparison.

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Refuse what is not named literally, and Helm values that the chart does not have."""
        inputs, failures = super().check(type_, old, new)
        if type_ == HELM_RELEASE and not failures and not objects.has_unknown(new):
            failures = [CheckFailure("values", problem) for problem in self.charts.problems(new)]
        return inputs, failures

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare with what was live last, in the shape of the inputs that it was made from (provider.go:1494).

        What a refresh found counts as a change. The engine's own old inputs are not looked at.
        """
        live = decode(request.olds)
        if live.get("kind"):
            old = objects.normal(live.get(answers.INPUTS) or {})
            was = old if objects.has_unknown(old) else objects.pruned(live, old)
            name = (live.get("metadata") or {}).get("name")
            request.old_inputs.CopyFrom(encode({**was, "metadata": {**(was.get("metadata") or {}), "name": name}}))
            if request.ignoreChanges:
                request.news.CopyFrom(encode(ignored.unchanged(request.ignoreChanges, decode(request.news), was)))
        return super().Diff(request, context)

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """Compare inputs in the server's form."""
        if type_ == HELM_RELEASE:
            return super().diff(type_, id_, old, new)
        before, after = objects.normal(old), objects.normal(new)
        changes = differences(before, after)
        group, kind = group_of(str(new.get("apiVersion", ""))), str(new.get("kind", ""))
        moved = frozenset(path for path in changes if replaces(group, kind, path))
        return Difference(
            changes, moved, delete_before_replace=answers.identity(before) == answers.identity(after), names="paths"
        )

    # Creation.

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """What a dry run answers; the inputs where there can be none: unknowns, a kind or a namespace yet to come.

        Also where the server was away when the provider was configured (provider.go:1728-1737).
        """
        if type_ == HELM_RELEASE or not self._can_try(inputs):
            return inputs
        try:
            live = self.client.create(objects.plain(inputs), field_manager=objects.CREATOR, dry_run=True)
        except ApiError as error:
            if error.reason in ("AlreadyExists", "Forbidden") or error.is_missing:
                return inputs
            raise RefusedError(answers.not_created(self._call.request.urn, inputs, error)) from error
        return self._new(inputs, live, preview=True)

    @staticmethod
    def _new(inputs: Mapping[str, Any], live: Object, *, preview: bool = False) -> dict[str, Any]:
        manager = objects.new_manager()
        return answers.checkpoint(
            inputs, live, manager=manager, first_version=str(inputs["apiVersion"]), preview=preview
        )

    def _can_try(self, inputs: Mapping[str, Any]) -> bool:
        if self._reason or objects.has_unknown(inputs):
            return False
        try:
            self.client.resource(str(inputs["apiVersion"]), str(inputs["kind"]))
        except ApiError:
            return False
        return True

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create an object and wait until it is ready; a wait that is cancelled keeps it as not ready."""
        client, cancelled = self._reach("Create", type_), self.cancellation
        if type_ == HELM_RELEASE:
            return self.chart_resources.create(inputs)
        content = objects.plain(inputs)
        try:
            live = readiness.patiently(lambda: client.create(content, field_manager=objects.CREATOR), cancelled)
        except readiness.InterruptedWaitError as error:
            raise CancelledError(
                f'resource "{self._call.request.urn}" was not successfully created: {error}'
            ) from error
        except ApiError as error:
            raise RefusedError(answers.not_created(self._call.request.urn, inputs, error)) from error
        id_, outputs = answers.id_of(live), self._new(inputs, live)
        try:
            ready = readiness.await_ready(client, live, inputs, self._limit(inputs), cancelled)
        except (awaiting.NotReadyError, ApiError) as error:
            seen = {**outputs, **self._last(live)}
            raise HalfDoneError(answers.half_created(id_, error), id_, None, seen, _reasons(error)) from error
        return id_, {**outputs, **ready}

    def _limit(self, inputs: Mapping[str, Any]) -> float:
        return min(awaiting.wait_seconds(inputs, self._call.request.timeout), self.wait_limit_seconds)

    def _last(self, live: Object) -> Object:
        # Gone or out of reach: what the server answered at first is the last that is known.
        try:
            return self.client.get(*answers.address(live))
        except ApiError:
            return live

    # Reading.

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """An object as it is now; one that is not ready is reported as such (provider.go:2049-2148)."""
        client = self._reach("Read", type_)
        if type_ == HELM_RELEASE:
            return self.chart_resources.read(id_)
        live = client.find(*answers.of_type(type_), *answers.of_id(id_))
        if live is None:
            return None
        given, state = decode(self._call.request.inputs), decode(self._call.request.properties)
        inputs = objects.pruned(live, objects.normal(given)) if given.get("kind") else live
        outputs = self._kept(state, inputs, live)
        try:
            missing = readiness.missing(client, live, given)
        except awaiting.NotReadyError as error:
            missing = list(error.reasons)
        if missing is not None:
            message = f"Resource '{live['metadata']['name']}' was created but failed to initialize"
            raise HalfDoneError(message, id_, inputs, outputs, missing)
        return inputs, outputs

    @staticmethod
    def _kept(
        state: Mapping[str, Any], inputs: Mapping[str, Any], live: Object, *, preview: bool = False
    ) -> dict[str, Any]:
        manager = state.get(answers.MANAGER) or objects.new_manager()
        first = state.get(answers.FIRST_VERSION) or str(live["apiVersion"])
        return answers.checkpoint(inputs, live, manager=str(manager), first_version=str(first), preview=preview)

    # Change.

    def preview_update(self, type_: str, old: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """What a dry run of the apply answers; it fails as the update would."""
        if type_ == HELM_RELEASE or not self._can_try(inputs):
            return inputs
        try:
            live = self.client.get(*answers.address(inputs))
            force = self._is_forced(inputs) or objects.is_forced_in_preview(live)
            wanted = self._left_alone(inputs, live, old)
            manager = str(old.get(answers.MANAGER))
            found = server_side_apply.apply(self.client, wanted, manager, force=force, dry_run=True)
        except ApiError as error:
            if error.reason == "Forbidden":
                return inputs
            raise RefusedError(answers.half_updated(answers.id_of(inputs), error)) from error
        return self._kept(old, wanted, found, preview=True)

    def _is_forced(self, inputs: Mapping[str, Any]) -> bool:
        """The annotation of the object, or the setting of the provider (await.go, `patchForce`)."""
        return objects.is_forced(inputs) or self._configured.is_forced(self._peer)

    def _left_alone(self, inputs: dict[str, Any], live: Object, old: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs without what the program ignores and others own (`handleSSAIgnoreFields`)."""
        paths = list(self._call.request.ignoreChanges)
        return ignored.left_alone(paths, inputs, live, str(old.get(answers.MANAGER))) if paths else inputs

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Apply an object and wait until it is ready.

        What fails is answered with the new inputs and the object as it is. Where that can't be read, as with a context
        that is cancelled, the answer is an error alone, and the state keeps what it had (provider.go:2470-2478).
        """
        client, cancelled = self._reach("Update", type_), self.cancellation
        if type_ == HELM_RELEASE:
            return self.chart_resources.update(id_, inputs)
        old, wanted = decode(self._call.request.olds), inputs
        urn, manager = self._call.request.urn, str(old.get(answers.MANAGER))
        try:
            readiness.require_going_on(cancelled)
            live = server_side_apply.take_over(client, client.get(*answers.address(inputs)), manager)
            wanted = self._left_alone(inputs, live, old)
            live = server_side_apply.apply(client, wanted, manager, force=self._is_forced(inputs))
            ready = readiness.await_ready(client, live, inputs, self._limit(inputs), cancelled)
        except readiness.InterruptedWaitError as error:
            raise CancelledError(answers.not_updated(urn, error, "context canceled")) from error
        except (awaiting.NotReadyError, ApiError) as error:
            try:
                seen = client.get(*answers.address(inputs))
            except ApiError as unread:
                raise RefusedError(answers.not_updated(urn, error, str(unread))) from error
            message = answers.half_updated(id_, error)
            raise HalfDoneError(message, id_, None, self._kept(old, wanted, seen), _reasons(error)) from error
        return self._kept(old, wanted, ready)

    # End.

    def delete(self, type_: str, id_: str) -> None:
        """Delete an object with its dependents and wait until it is gone; one that is gone already is fine."""
        client, cancelled = self._reach("Delete", type_), self.cancellation
        if type_ == HELM_RELEASE:
            return self.chart_resources.delete(id_)
        if cancelled.is_set():
            raise CancelledError("context canceled")
        inputs = decode(self._call.request.properties).get(answers.INPUTS) or {}
        key = (*answers.of_type(type_), *answers.of_id(id_))
        try:
            client.delete(*key, propagation="Foreground")
            if not awaiting.deletion_is_not_awaited(inputs):
                readiness.await_gone(client, key, self.deletion_limit_seconds, cancelled)
        except readiness.InterruptedWaitError as error:
            raise CancelledError(str(error)) from error
        except awaiting.NotReadyError as error:
            raise RefusedError("; ".join([str(error), *error.reasons])) from error
        except ApiError as error:
            if not error.is_missing:
                raise RefusedError(error.message) from error


def _reasons(error: Exception) -> tuple[str, ...]:
    return error.reasons if isinstance(error, awaiting.NotReadyError) else ()
