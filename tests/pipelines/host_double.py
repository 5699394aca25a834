"""GitHub and Azure DevOps on loopback, as far as the pipelines call them.

GitHub pages its lists (`per_page` at most 100), lists pull requests among the issues, and needs a bearer token for
everything (docs.github.com/rest/issues). Azure DevOps answers a WIQL query with ids alone, and takes changes of work
items as JSON Patch with its own content type (learn.microsoft.com/rest/api/azure/devops/wit). Both refuse what they
don't know.
"""

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from simulators.loopback import answering

TOKEN = "token-of-the-run"


class HostDouble:
    """What the host holds, and every request that it was sent."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.threads: list[dict[str, Any]] = []
        self.work_items: dict[int, dict[str, str]] = {}
        self.requests: list[tuple[str, str]] = []
        # Statuses that the next requests get instead of an answer.
        self.refusals: list[int] = []
        self.tokens = 0
        self.address = ""

    @classmethod
    @contextmanager
    def running(cls) -> Generator[Self]:
        """A double that answers until the block ends."""
        double = cls()
        with answering(_handler(double)) as double.address:
            yield double

    def github(self, event: str) -> dict[str, str]:
        """The environment of a step of GitHub Actions; `event` is the file of the event."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.address,
            "GITHUB_REPOSITORY": "acme/llm",
            "GITHUB_EVENT_PATH": event,
            "GITHUB_TOKEN": TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/oidc?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
        }

    def azure(self) -> dict[str, str]:
        """The environment of a step of Azure Pipelines."""
        return {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{self.address}/acme/",
            "SYSTEM_TEAMPROJECT": "LLM platform",
            "SYSTEM_OIDCREQUESTURI": f"{self.address}/ado-oidc",
            "SYSTEM_ACCESSTOKEN": TOKEN,
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
            "BUILD_REPOSITORY_ID": "repo-id",
            "AZURE_SERVICE_CONNECTION_ID": "connection-id",
        }

    def answer(self, method: str, target: str, body: Any, kind: str) -> tuple[int, Any]:
        """Status and JSON of the answer to a request."""
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        for wanted, pattern, reply in self._routes():
            found = re.fullmatch(pattern, url.path)
            if method == wanted and found:
                return reply(found.groups(), query, body, kind)
        return 404, {"message": "Not Found"}

    def _routes(self) -> list[tuple[str, str, Any]]:
        repository, project = "/repos/acme/llm", "/acme/LLM%20platform/_apis"
        threads = f"{project}/git/repositories/repo-id/pullRequests/7/threads"
        return [
            ("GET", "/oidc", self._github_token),
            ("POST", "/ado-oidc", self._azure_token),
            ("GET", f"{repository}/issues/7/comments", lambda _, query, *__: (200, _page(self.comments, query))),
            ("POST", f"{repository}/issues/7/comments", self._new_comment),
            ("PATCH", f"{repository}/issues/comments/(\\d+)", self._changed_comment),
            ("GET", f"{repository}/issues", self._open_issues),
            ("POST", f"{repository}/issues", self._new_issue),
            ("PATCH", f"{repository}/issues/(\\d+)", self._changed_issue),
            ("GET", threads, lambda *_: (200, {"value": self.threads})),
            ("POST", threads, self._new_thread),
            ("PATCH", f"{threads}/(\\d+)/comments/(\\d+)", self._changed_thread),
            ("POST", f"{project}/wit/wiql", self._query),
            ("POST", f"{project}/wit/workitems/\\$Issue", self._new_item),
            ("PATCH", f"{project}/wit/workitems/(\\d+)", self._changed_item),
        ]

    def _github_token(self, _: Any, query: dict[str, str], *__: Any) -> tuple[int, Any]:
        if query.get("audience") != "api://AzureADTokenExchange":
            return 400, {"message": "wrong audience"}
        self.tokens += 1
        return 200, {"value": f"assertion-{self.tokens}"}

    def _azure_token(self, _: Any, query: dict[str, str], *__: Any) -> tuple[int, Any]:
        if query.get("serviceConnectionId") != "connection-id":
            return 404, {"message": "no such service connection"}
        self.tokens += 1
        return 200, {"oidcToken": f"assertion-{self.tokens}"}

    def _new_comment(self, _: Any, __: Any, body: Any, *___: Any) -> tuple[int, Any]:
        self.comments.append({"id": 100 + len(self.comments), "body": body["body"]})
        return 201, self.comments[-1]

    def _changed_comment(self, groups: Any, _: Any, body: Any, *__: Any) -> tuple[int, Any]:
        return _changed(self.comments, "id", groups[0], body)

    def _open_issues(self, _: Any, query: dict[str, str], *__: Any) -> tuple[int, Any]:
        labelled = [
            each for each in self.issues if each["state"] == query["state"] and query["labels"] in each["labels"]
        ]
        return 200, _page(labelled, query)

    def _new_issue(self, _: Any, __: Any, body: Any, *___: Any) -> tuple[int, Any]:
        self.issues.append({"number": 1 + len(self.issues), "state": "open", **body})
        return 201, self.issues[-1]

    def _changed_issue(self, groups: Any, _: Any, body: Any, *__: Any) -> tuple[int, Any]:
        return _changed(self.issues, "number", groups[0], body)

    def _new_thread(self, _: Any, __: Any, body: Any, *___: Any) -> tuple[int, Any]:
        comments = [{"id": 1 + index, **comment} for index, comment in enumerate(body["comments"])]
        self.threads.append({"id": 1 + len(self.threads), "comments": comments})
        return 200, self.threads[-1]

    def _changed_thread(self, groups: Any, _: Any, body: Any, *__: Any) -> tuple[int, Any]:
        thread = next((each for each in self.threads if each["id"] == int(groups[0])), None)
        return (404, {}) if thread is None else _changed(thread["comments"], "id", groups[1], body)

    def _query(self, _: Any, __: Any, body: Any, *___: Any) -> tuple[int, Any]:
        found = re.search(r"\[System\.Title\] = '((?:[^']|'')*)'", body["query"])
        if found is None:
            return 400, {"message": "no title"}
        title = found[1].replace("''", "'")
        open_ = [
            number
            for number, item in self.work_items.items()
            if item["System.Title"] == title
            and item.get("System.State") != "Done"
            and "llm-platform" in item["System.Tags"]
        ]
        return 200, {"workItems": [{"id": number} for number in open_]}

    def _new_item(self, _: Any, __: Any, body: Any, kind: str) -> tuple[int, Any]:
        return self._patched(1 + len(self.work_items), body, kind)

    def _changed_item(self, groups: Any, _: Any, body: Any, kind: str) -> tuple[int, Any]:
        return self._patched(int(groups[0]), body, kind)

    def _patched(self, number: int, body: Any, kind: str) -> tuple[int, Any]:
        if kind != "application/json-patch+json":
            return 415, {"message": "Unsupported Media Type"}
        fields = {change["path"].removeprefix("/fields/"): change["value"] for change in body}
        self.work_items[number] = {**self.work_items.get(number, {}), **fields}
        return 200, {"id": number}


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size = min(int(query.get("per_page", "30")), 100)
    start = (int(query.get("page", "1")) - 1) * size
    return items[start : start + size]


def _changed(items: list[dict[str, Any]], key: str, value: str, body: dict[str, Any]) -> tuple[int, Any]:
    for item in items:
        if item[key] == int(value):
            item.update(body)
            return 200, item
    return 404, {"message": "Not Found"}


def _handler(double: HostDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            double.requests.append((self.command, self.path))
            if double.refusals:
                status, answer = double.refusals.pop(0), {"message": "refused"}
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Bad credentials"}
            else:
                kind = self.headers.get("Content-Type", "")
                status, answer = double.answer(self.command, self.path, json.loads(text) if text else None, kind)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _reply  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as there
            """Nothing is logged."""

    return Handler
