"""The stand-in for the kubernetes provider whose objects are in a real API server, which validates them.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go and pkg/await/await.go at 4.34: objects are created
by POST (one that exists is an error), changed by server-side apply, previewed by a dry run where everything in them
is known, and awaited. `readiness` and `simulators.helm` say what differs. No `Patch` kinds, lists, `replaceUnready`.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from simulators.api_server.client import ApiError, Client, Object
from simulators.azure.cloud import Cloud
from simulators.helm.installed_charts import InstalledCharts, chart_name
from simulators.kubernetes_provider import answers
from simulators.kubernetes_provider import applied_objects as objects
from simulators.kubernetes_provider import ignored_fields as ignored
from simulators.kubernetes_provider.in_memory import Kubernetes
from simulators.kubernetes_provider.kubernetes_rules import group_of, replaces
from simulators.kubernetes_provider.readiness import NotReadyError, await_gone, await_ready, patiently, wait_seconds
from simulators.provider_protocol.base import CheckFailure, Difference
from simulators.provider_protocol.calls import CallLog, HalfDoneError, RefusedError
from simulators.provider_protocol.differences import differences
from simulators.provider_protocol.wire import decode, encode

HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
ChartWatcher = Callable[[str, Mapping[str, Any] | None], None]


class ApiServer(Protocol):
    """What the provider must know of an API server."""

    server: str
    client: Client


class ClusterKubernetes(Kubernetes):
    """Kubernetes as pulumi-kubernetes 4.34.2 sees it, with server-side apply on.

    `cancelled` is set once somebody has cancelled an operation of the engine, which then ends what it has begun.
    `wait_limit_seconds` bounds every wait for an object to get ready, whatever the program allows, and
    `deletion_limit_seconds` every wait for one to be gone. `failing_charts` are names of charts whose
    installation or upgrade times out once each. `on_chart` gets chart and values of a chart, None when it goes.
    """

    def __init__(self, log: CallLog, plane: ApiServer, reference: Path, *, wait_limit_seconds: float = 120.0) -> None:
        super().__init__(log, Cloud(), {})
        self.wait_limit_seconds = wait_limit_seconds
        # The garbage collector, which ends a deletion in the foreground, looks for new kinds every 30 seconds only.
        self.deletion_limit_seconds = 90.0
        self.failing_charts: set[str] = set()
        self.cancelled = threading.Event()
        self.on_chart: ChartWatcher = lambda _chart, _values: None
        self.charts = InstalledCharts(plane.client, reference)
        self._plane = plane
        self._unreachable = "the provider was never configured"

    @property
    def client(self) -> Client:
        """Client of the API server behind the provider."""
        return self._plane.client

    def configure(self, settings: dict[str, Any]) -> None:
        """Take over the kubeconfig. Who signs in does not matter here, which server is meant does."""
        text = settings.get("kubeconfig")
        if not isinstance(text, str):
            self._unreachable = "no kubeconfig: objects need the platform's own provider"
            return
        self.kubeconfig = yaml.safe_load(text)
        server = str(self.kubeconfig["clusters"][0]["cluster"]["server"])
        self._unreachable = "" if server == self._plane.server else f"no cluster of these tests answers at {server}"

    def _reach(self) -> Client:
        reason = self._unreachable
        if not reason and not self.client.answers():
            reason = f"{self._plane.server} does not answer"
        if reason:
            raise RefusedError(f"configured Kubernetes cluster is unreachable: {reason}")
        return self.client

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Somebody has cancelled. The real one stops waiting for what is not ready yet."""
        self.cancelled.set()
        return super().Cancel(request, context)

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Refuse what is not named literally, and Helm values that the chart does not have."""
        inputs, failures = super().check(type_, old, new)
        if type_ == HELM_RELEASE and not failures and not objects.has_unknown(new):
            failures = [CheckFailure("values", problem) for problem in self.charts.problems(new)]
        return inputs, failures

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare with what was live last, not only with the last inputs: what a refresh found counts as a change."""
        live, old = decode(request.olds), decode(request.old_inputs)
        if live.get("kind") and not objects.has_unknown(old):
            was = objects.pruned(live, objects.normal(old))
            request.old_inputs.CopyFrom(encode(was))
            if request.ignoreChanges:
                request.news.CopyFrom(encode(ignored.unchanged(request.ignoreChanges, decode(request.news), was)))
        return super().Diff(request, context)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Leave what the program ignores to its owner, or as it is (`handleSSAIgnoreFields`)."""
        new = decode(request.news)
        if request.ignoreChanges and not self._unreachable:
            with contextlib.suppress(ApiError):
                live = self.client.get(*answers.address(new))
                manager = objects.manager_of(request.type, request.id)
                request.news.CopyFrom(encode(ignored.left_alone(request.ignoreChanges, new, live, manager)))
        return super().Update(request, context)

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """Compare inputs in the server's form."""
        if type_ == HELM_RELEASE:
            return super().diff(type_, id_, old, new)
        before, after = objects.normal(old), objects.normal(new)
        changes = differences(before, after)
        group, kind = group_of(str(new.get("apiVersion", ""))), str(new.get("kind", ""))
        moved = frozenset(path for path in changes if replaces(group, kind, path))
        return Difference(changes, moved, delete_before_replace=answers.identity(before) == answers.identity(after))

    # Creation.

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """What a dry run answers; the inputs where there can be none: unknowns, a kind or a namespace yet to come."""
        if type_ == HELM_RELEASE or not self._can_try(inputs):
            return inputs
        try:
            found = self.client.create(objects.plain(inputs), field_manager=objects.CREATOR, dry_run=True)
        except ApiError as error:
            if error.reason in ("AlreadyExists", "Forbidden") or error.is_missing:
                return inputs
            raise RefusedError(answers.not_created(inputs, error)) from error
        return answers.outputs(found, preview=True)

    def _can_try(self, inputs: Mapping[str, Any]) -> bool:
        if self._unreachable or objects.has_unknown(inputs):
            return False
        try:
            self.client.resource(str(inputs["apiVersion"]), str(inputs["kind"]))
        except ApiError:
            return False
        return True

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create an object and wait until it is ready."""
        client = self._reach()
        if type_ == HELM_RELEASE:
            return self._install_chart(inputs)
        content = objects.plain(inputs)
        live = patiently(lambda: client.create(content, field_manager=objects.CREATOR), inputs)
        id_ = answers.id_of(live)
        try:
            ready = await_ready(client, live, inputs, self._limit(inputs))
        except (NotReadyError, ApiError) as error:
            message = f'resource "{id_}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: {error}'  # noqa: E501 - the provider's sentence
            raise HalfDoneError(message, id_, inputs, self._last_outputs(live)) from error
        return id_, answers.outputs(ready)

    def _limit(self, inputs: Mapping[str, Any]) -> float:
        # The engine's own limit is the program's `custom_timeouts`: ours is far below what any program asks for.
        return min(wait_seconds(inputs, 0), self.wait_limit_seconds)

    def _last_outputs(self, live: Object) -> dict[str, Any]:
        # Gone or out of reach: what the server answered at first is the last that is known.
        with contextlib.suppress(ApiError):
            live = self.client.get(*answers.address(live))
        return answers.outputs(live)

    # Reading.

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """As the base has it, but inputs are the live object's in the shape of the old ones."""
        response = super().Read(request, context)
        old = decode(request.inputs)
        if response.id and old.get("kind"):
            live = decode(response.inputs)
            response.inputs.CopyFrom(encode(answers.sealed(objects.pruned(live, objects.normal(old)))))
        return response

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """An object as it is now."""
        try:
            client = self._reach()
        except RefusedError as error:
            raise RefusedError(f"failed to read resource state due to unreachable cluster: {error}") from error
        if type_ == HELM_RELEASE:
            inputs = self.charts.find(id_)
            return None if inputs is None else (inputs, answers.chart_outputs(inputs))
        found = client.find(*answers.of_type(type_), *answers.of_id(id_))
        return None if found is None else (found, answers.outputs(found))

    # Change.

    def preview_update(self, type_: str, old: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """What a dry run of the apply answers."""
        del old
        if type_ == HELM_RELEASE or not self._can_try(inputs):
            return inputs
        try:
            live = self.client.get(*answers.address(inputs))
            force = objects.is_forced_in_preview(inputs, live)
            found = self._apply(type_, inputs, force=force, dry_run=True)
        except ApiError as error:
            if error.reason == "Forbidden" or error.is_missing:
                return inputs
            raise RefusedError(answers.not_updated(inputs, error)) from error
        return answers.outputs(found, preview=True)

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Apply an object and wait until it is ready."""
        client = self._reach()
        if type_ == HELM_RELEASE:
            return self._upgrade_chart(id_, inputs)
        try:
            live = client.get(*answers.address(inputs))
        except ApiError as error:
            raise RefusedError(answers.not_updated(inputs, error)) from error
        try:
            self._take_over(type_, live)
            live = self._apply(type_, inputs, force=objects.is_forced(inputs))
            ready = await_ready(client, live, inputs, self._limit(inputs))
        except (NotReadyError, ApiError) as error:
            # The provider keeps the new inputs with the old object and says that it is not initialised.
            raise HalfDoneError(answers.not_updated(inputs, error), id_, inputs, self._last_outputs(live)) from error
        return answers.outputs(ready)

    def _take_over(self, type_: str, live: Object) -> None:
        entries = objects.taken_over(live, objects.manager_of(type_, answers.id_of(live)))
        if entries is None:
            return
        api_version, kind, name, namespace = answers.address(live)
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        self.client.patch(api_version, kind, name, patch, namespace=namespace, patch="json")

    def _apply(self, type_: str, inputs: Mapping[str, Any], *, force: bool, dry_run: bool = False) -> Object:
        content = objects.plain(inputs)
        if content["kind"] == "CustomResourceDefinition":
            # Replaced as a whole, over the version that is there.
            version = self.client.get(*answers.address(content))["metadata"]["resourceVersion"]
            whole = {**content, "metadata": {**content["metadata"], "resourceVersion": version}}
            return self.client.replace(whole, field_manager=objects.CREATOR, dry_run=dry_run)
        manager = objects.manager_of(type_, answers.id_of(content))
        return self.client.apply(content, field_manager=manager, force=force, dry_run=dry_run)

    # End.

    def delete(self, type_: str, id_: str) -> None:
        """Delete an object with its dependents and wait until it is gone; one that is gone already is fine."""
        client = self._reach()
        if type_ == HELM_RELEASE:
            found = self.charts.find(id_)
            self.charts.uninstall(id_)
            if found is not None:
                self.on_chart(chart_name(found), None)
            return
        api_version, kind = answers.of_type(type_)
        name, namespace = answers.of_id(id_)
        try:
            client.delete(api_version, kind, name, namespace, propagation="Foreground")
            await_gone(client, api_version, kind, name, namespace, self.deletion_limit_seconds)
        except NotReadyError as error:
            raise RefusedError(str(error)) from error
        except ApiError as error:
            if not error.is_missing:
                raise RefusedError(error.message) from error

    # Charts.

    def _install_chart(self, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        content, id_ = objects.plain(inputs), f"{inputs['namespace']}/{inputs['name']}"
        return id_, self._settled(id_, inputs, content, self.charts.install, is_new=True)

    def _upgrade_chart(self, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._settled(id_, inputs, objects.plain(inputs), self.charts.upgrade, is_new=False)

    def _settled(
        self, id_: str, inputs: dict[str, Any], content: Object, work: Callable[..., object], *, is_new: bool
    ) -> dict[str, Any]:
        fails = content["name"] in self.failing_charts
        self.failing_charts.discard(str(content["name"]))
        status = "failed" if fails else "deployed"
        try:
            work(content, status=status)
        except ApiError as error:
            raise RefusedError(error.message) from error
        outputs = answers.chart_outputs(inputs, status)
        if fails:
            raise HalfDoneError(answers.timed_out(id_, is_new=is_new), id_, inputs, outputs)
        self.on_chart(chart_name(content), content.get("values") or {})
        return outputs
