"""A small client of a Kubernetes API server: objects as plain mappings, addressed by API version and kind.

A helper: it simulates nothing.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import requests

from simulators.api_server.answers import ApiError, ApiResource
from simulators.api_server.waiting import eventually

Object = dict[str, Any]
PatchKind = Literal["apply", "json", "merge", "strategic"]

# As long as the server itself works on a request at most (its `--request-timeout`): a busy machine is slow.
REQUEST_LIMIT_SECONDS: Final = 60
_TRIES: Final = 10
_NO_KIND: Final = "the server could not find the requested resource"
_PATCH_TYPES: Final[Mapping[str, str]] = {
    # JSON is YAML, and the only content type that server-side apply has.
    "apply": "application/apply-patch+yaml",
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class Client:
    """Requests as one user. Safe to share between threads: each has a session of its own."""

    def __init__(self, server: str, token: str, authority: Path) -> None:
        self.server = server
        self._token = token
        self._authority = authority
        self._local = threading.local()
        self._kinds: dict[str, dict[str, ApiResource]] = {}
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """One request; the answer is decoded from JSON where it is JSON.

        Raises:
            ApiError: the server answered with an error, or not at all.

        """
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _session()
        for _ in range(_TRIES):
            try:
                answer = session.request(
                    method,
                    f"{self.server}{path}",
                    data=None if body is None else json.dumps(body),
                    params=parameters,
                    headers={"Authorization": f"Bearer {self._token}", "Content-Type": content_type},
                    verify=str(self._authority),
                    timeout=REQUEST_LIMIT_SECONDS,
                )
            except requests.RequestException as error:
                raise ApiError(0, "Unreachable", f"{self.server} does not answer: {error}") from None
            # A busy server says when to come back, as for a kind whose storage is being set up.
            if "Retry-After" not in answer.headers:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        return self._read(answer)

    def watch(self, path: str, *, seconds: int, version: str = "") -> requests.Response:
        """Changes below an address: a line of JSON for each until the server ends the answer, which the caller closes.

        Those after a `version`; without one first everything that is there, each as a change.

        Raises:
            ApiError: the server refuses, or does not answer.

        """
        try:
            answer = _session().get(
                f"{self.server}{path}",
                params={"watch": "1", "timeoutSeconds": str(seconds), "resourceVersion": version},
                headers={"Authorization": f"Bearer {self._token}"},
                verify=str(self._authority),
                stream=True,
                timeout=seconds + REQUEST_LIMIT_SECONDS,
            )
        except requests.RequestException as error:
            raise ApiError(0, "Unreachable", f"{self.server} does not answer: {error}") from None
        if not answer.ok:
            with answer:
                self._read(answer)
        return answer

    def _read(self, answer: requests.Response) -> Any:
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        content: Any = answer.json() if is_json else answer.text
        if answer.ok:
            return content
        message = content.get("message") or "" if is_json else content
        if answer.status_code == requests.codes.not_found and (not is_json or _NO_KIND in message):
            # The definition behind an address that was found out earlier is gone.
            with self._lock:
                self._kinds.clear()
            raise ApiError(404, "NoMatch", f"no matches for {answer.request.path_url}")
        if is_json and content.get("kind") == "Status":
            raise ApiError(answer.status_code, content.get("reason") or "", message)
        raise ApiError(answer.status_code, answer.reason, str(content).strip())

    def is_ready(self) -> bool:
        """Whether the server says that it is ready."""
        return self._says_ok("/readyz")

    def answers(self) -> bool:
        """Whether there is a server at all; cheaper to ask than whether all of it is ready."""
        return self._says_ok("/livez/ping")

    def _says_ok(self, path: str) -> bool:
        try:
            return self.request("GET", path) == "ok"
        except ApiError:
            return False

    def resource(self, api_version: str, kind: str) -> ApiResource:
        """How the server calls a kind; looked up once per API version, and again when a kind is missing.

        Raises:
            ApiError: the server has no such kind (reason `NoMatch`), or does not answer.

        """
        known = self._kinds.get(api_version, {})
        if kind not in known:
            known = self._discover(api_version)
        if kind not in known:
            raise ApiError(404, "NoMatch", f'no matches for kind "{kind}" in version "{api_version}"')
        return known[kind]

    def _discover(self, api_version: str) -> dict[str, ApiResource]:
        try:
            listed = self.request("GET", f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}")
        except ApiError as error:
            if error.status == requests.codes.not_found:
                return {}
            raise
        found = {
            entry["kind"]: ApiResource(entry["name"], entry["namespaced"])
            for entry in listed["resources"]
            if "/" not in entry["name"]
        }
        with self._lock:
            self._kinds[api_version] = found
        return found

    def kinds(self) -> list[tuple[str, str]]:
        """API version and kind of everything that the server stores at its preferred versions, sorted."""
        groups = self.request("GET", "/apis")["groups"]
        versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        return sorted((version, kind) for version in versions for kind in self._discover(version))

    def path(self, api_version: str, kind: str, name: str = "", namespace: str = "") -> str:
        """Address of an object, or of all objects of a kind (in a namespace) where no name is given."""
        resource = self.resource(api_version, kind)
        base = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        inside = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{base}{inside}/{resource.plural}" + (f"/{name}" if name else "")

    def _path_of(self, content: Mapping[str, Any], *, named: bool) -> str:
        metadata = content["metadata"]
        name = metadata["name"] if named else ""
        return self.path(content["apiVersion"], content["kind"], name, metadata.get("namespace", ""))

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object:
        """An object. Raises ApiError with `is_missing` where there is none."""
        return self.request("GET", self.path(api_version, kind, name, namespace))

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """An object, None where there is none."""
        try:
            return self.get(api_version, kind, name, namespace)
        except ApiError as error:
            if error.is_missing:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str = "", **selectors: str) -> list[Object]:
        """Objects of a kind, in all namespaces where none is given. `labelSelector=` and `fieldSelector=` narrow it.

        `resourceVersion="0"` asks for what the server has at hand, which costs it little and may be a moment old.
        """
        found = self.request("GET", self.path(api_version, kind, "", namespace), parameters=selectors)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found["items"]]

    def create(self, content: Mapping[str, Any], *, field_manager: str = "", dry_run: bool = False) -> Object:
        """Create an object that must not exist yet."""
        return self.request(
            "POST", self._path_of(content, named=False), content, parameters=_parameters(field_manager, dry_run)
        )

    def apply(
        self, content: Mapping[str, Any], *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> Object:
        """Server-side apply: create the object, or make the fields given here those of `field_manager`."""
        parameters = {**_parameters(field_manager, dry_run), "force": str(force).lower()}
        path, type_ = self._path_of(content, named=True), _PATCH_TYPES["apply"]
        return self.request("PATCH", path, content, parameters=parameters, content_type=type_)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        body: Any,
        *,
        namespace: str = "",
        patch: PatchKind = "merge",
        subresource: str = "",
        field_manager: str = "",
        dry_run: bool = False,
    ) -> Object:
        """Change parts of an object, or of its `subresource` (`status`, `scale`)."""
        path = self.path(api_version, kind, name, namespace) + (f"/{subresource}" if subresource else "")
        parameters = _parameters(field_manager, dry_run)
        return self.request("PATCH", path, body, parameters=parameters, content_type=_PATCH_TYPES[patch])

    def replace(
        self, content: Mapping[str, Any], *, subresource: str = "", field_manager: str = "", dry_run: bool = False
    ) -> Object:
        """Write a whole object; with a `resourceVersion` in it, only over that version."""
        path = self._path_of(content, named=True) + (f"/{subresource}" if subresource else "")
        return self.request("PUT", path, content, parameters=_parameters(field_manager, dry_run))

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
        grace_seconds: int | None = None,
        uid: str = "",
    ) -> None:
        """Ask for an object's end, which finalizers and grace may put off. Raises ApiError where there is none."""
        options: dict[str, Any] = {"propagationPolicy": propagation}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid:
            options["preconditions"] = {"uid": uid}
        self.request("DELETE", self.path(api_version, kind, name, namespace), options)

    def evict(self, namespace: str, name: str) -> None:
        """Evict a pod as a drain does. Raises ApiError 429 where a disruption budget forbids it."""
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        self.request("POST", f"{self.path('v1', 'Pod', name, namespace)}/eviction", eviction)

    def wait(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        until: Callable[[Object | None], Any],
        timeout_seconds: float = 30,
    ) -> Object | None:
        """Look at an object (None where there is none) until `until` is content, and return what was seen last."""
        seen: list[Object | None] = [None]

        def look() -> bool:
            seen[0] = self.find(api_version, kind, name, namespace)
            return bool(until(seen[0]))

        eventually(look, f"{kind} {namespace}/{name}", timeout_seconds=timeout_seconds, last=lambda: seen[0])
        return seen[0]


def _session() -> requests.Session:
    session = requests.Session()
    # Settings of the machine (proxies, netrc) must not affect requests over loopback.
    session.trust_env = False
    return session


def _parameters(field_manager: str, dry_run: bool) -> dict[str, str]:
    return {
        **({"fieldManager": field_manager} if field_manager else {}),
        **({"dryRun": "All"} if dry_run else {}),
    }
