"""Where a pipeline runs: its sign-in tokens, comments on its pull request, and issues."""

import json
import os
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import click

from pipelines.http_json import RefusedError, call

AUDIENCE = "api://AzureADTokenExchange"
LABEL = "llm-platform"
_PAGE = 100
_MOST_PAGES = 50


class NoHostError(click.ClickException):
    """The step runs neither in GitHub Actions nor in Azure Pipelines, or lacks a permission of its pipeline."""


class Host(Protocol):
    """What a step needs of where it runs."""

    def token(self) -> str:
        """A new token with which Entra ID recognises this pipeline; valid for minutes."""

    def comment(self, marker: str, text: str) -> str:
        """Write a comment on the pull request, over the one that begins with `marker`; returns what was done."""

    def issue(self, title: str, text: str) -> str:
        """Open an issue, or replace the text of the open one with that title; returns what was done."""

    def close(self, title: str) -> str:
        """Close the open issue with that title; returns what was done."""


def host(environment: Mapping[str, str] = os.environ) -> Host:
    """Where this step runs.

    Raises:
        NoHostError: neither in GitHub Actions nor in Azure Pipelines.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return GitHub(environment)
    if environment.get("TF_BUILD", "").lower() == "true":
        return AzurePipelines(environment)
    raise NoHostError("this runs neither in GitHub Actions nor in Azure Pipelines")


def _needed(environment: Mapping[str, str], name: str, how: str) -> str:
    value = environment.get(name)
    if not value:
        raise NoHostError(f"{name} is not set: {how}")
    return value


class GitHub:
    """GitHub Actions; its API as of 2022-11-28 (docs.github.com/rest)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._api = environment.get("GITHUB_API_URL", "https://api.github.com")

    def token(self) -> str:
        """See `Host.token`."""
        how = "give the job `permissions: {id-token: write}`"
        url = _needed(self._environment, "ACTIONS_ID_TOKEN_REQUEST_URL", how)
        bearer = _needed(self._environment, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", how)
        return str(call("GET", f"{url}&audience={urllib.parse.quote(AUDIENCE, safe='')}", bearer)["value"])

    def comment(self, marker: str, text: str) -> str:
        """See `Host.comment`."""
        comments = f"{self._repository()}/issues/{self._pull_request()}/comments"
        for known in self._pages(comments):
            if str(known.get("body", "")).startswith(marker):
                self._call("PATCH", f"{self._repository()}/issues/comments/{known['id']}", {"body": text})
                return "replaced the comment"
        self._call("POST", comments, {"body": text})
        return "wrote a comment"

    def issue(self, title: str, text: str) -> str:
        """See `Host.issue`."""
        number = self._open_issue(title)
        if number is not None:
            self._call("PATCH", f"{self._repository()}/issues/{number}", {"body": text})
            return f"replaced the text of issue {number}"
        made = self._call("POST", f"{self._repository()}/issues", {"title": title, "body": text, "labels": [LABEL]})
        return f"opened issue {made['number']}"

    def close(self, title: str) -> str:
        """See `Host.close`."""
        number = self._open_issue(title)
        if number is None:
            return "no open issue"
        self._call("PATCH", f"{self._repository()}/issues/{number}", {"state": "closed", "state_reason": "completed"})
        return f"closed issue {number}"

    def _open_issue(self, title: str) -> int | None:
        found = self._pages(f"{self._repository()}/issues?state=open&labels={LABEL}")
        return next((each["number"] for each in found if each["title"] == title and "pull_request" not in each), None)

    def _pages(self, url: str) -> Iterator[Mapping[str, Any]]:
        mark = "&" if "?" in url else "?"
        for page in range(1, _MOST_PAGES + 1):
            items = self._call("GET", f"{url}{mark}per_page={_PAGE}&page={page}")
            yield from items
            if len(items) < _PAGE:
                return

    def _repository(self) -> str:
        return f"{self._api}/repos/{_needed(self._environment, 'GITHUB_REPOSITORY', 'run this in a workflow')}"

    def _pull_request(self) -> int:
        event = _needed(self._environment, "GITHUB_EVENT_PATH", "run this in a workflow")
        number = json.loads(Path(event).read_text(encoding="utf-8")).get("pull_request", {}).get("number")
        if not isinstance(number, int):
            raise NoHostError("the workflow was not started by a pull request")
        return number

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        token = _needed(self._environment, "GITHUB_TOKEN", "pass `GITHUB_TOKEN: ${{ github.token }}` to the step")
        return call(method, url, token, body, headers={"X-GitHub-Api-Version": "2022-11-28"})


class AzurePipelines:
    """Azure Pipelines of Azure DevOps; its API 7.1 (learn.microsoft.com/rest/api/azure/devops)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def token(self) -> str:
        """See `Host.token`."""
        url = _needed(self._environment, "SYSTEM_OIDCREQUESTURI", "run this in a job of Azure Pipelines")
        connection = _needed(self._environment, "AZURE_SERVICE_CONNECTION_ID", "set it to the service connection's id")
        query = urllib.parse.urlencode({"api-version": "7.1", "serviceConnectionId": connection})
        return str(self._call("POST", f"{url}?{query}", {})["oidcToken"])

    def comment(self, marker: str, text: str) -> str:
        """See `Host.comment`."""
        repository = _needed(self._environment, "BUILD_REPOSITORY_ID", "run this in a pipeline")
        how = "run this for a pull request"
        number = _needed(self._environment, "SYSTEM_PULLREQUEST_PULLREQUESTID", how)
        threads = f"{self._project()}/_apis/git/repositories/{repository}/pullRequests/{number}/threads"
        for thread in self._call("GET", f"{threads}?api-version=7.1")["value"]:
            for known in thread.get("comments", ()):
                if str(known.get("content") or "").startswith(marker):
                    place = f"{threads}/{thread['id']}/comments/{known['id']}?api-version=7.1"
                    self._call("PATCH", place, {"content": text})
                    return "replaced the comment"
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        self._call("POST", f"{threads}?api-version=7.1", {"comments": [comment], "status": "closed"})
        return "wrote a comment"

    def issue(self, title: str, text: str) -> str:
        """See `Host.issue`."""
        number = self._open_issue(title)
        changes = [_field("System.Title", title), _field("System.Description", text), _field("System.Tags", LABEL)]
        if number is not None:
            self._patch(f"{self._project()}/_apis/wit/workitems/{number}", changes, "PATCH")
            return f"replaced the text of issue {number}"
        made = self._patch(f"{self._project()}/_apis/wit/workitems/$Issue", changes, "POST")
        return f"opened issue {made['id']}"

    def close(self, title: str) -> str:
        """See `Host.close`."""
        number = self._open_issue(title)
        if number is None:
            return "no open issue"
        done = self._environment.get("LLM_PLATFORM_CLOSED_STATE", "Done")
        self._patch(f"{self._project()}/_apis/wit/workitems/{number}", [_field("System.State", done)], "PATCH")
        return f"closed issue {number}"

    def _open_issue(self, title: str) -> int | None:
        quoted = title.replace("'", "''")
        query = (
            f"SELECT [System.Id] FROM workitems WHERE [System.TeamProject] = @project AND [System.Title] = '{quoted}' "  # noqa: S608 - WIQL, quoted
            f"AND [System.Tags] CONTAINS '{LABEL}' AND [System.State] NOT IN ('Done', 'Closed', 'Removed')"
        )
        found = self._call("POST", f"{self._project()}/_apis/wit/wiql?api-version=7.1", {"query": query})
        return next((int(each["id"]) for each in found["workItems"]), None)

    def _patch(self, url: str, changes: list[dict[str, str]], method: str) -> Any:
        kind = {"Content-Type": "application/json-patch+json"}
        return call(method, f"{url}?api-version=7.1", self._bearer(), changes, headers=kind)

    def _project(self) -> str:
        collection = _needed(self._environment, "SYSTEM_COLLECTIONURI", "run this in a pipeline")
        project = _needed(self._environment, "SYSTEM_TEAMPROJECT", "run this in a pipeline")
        return f"{collection}{urllib.parse.quote(project)}"

    def _bearer(self) -> str:
        return _needed(self._environment, "SYSTEM_ACCESSTOKEN", "pass `SYSTEM_ACCESSTOKEN: $(System.AccessToken)`")

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        return call(method, url, self._bearer(), body)


def _field(name: str, value: str) -> dict[str, str]:
    return {"op": "add", "path": f"/fields/{name}", "value": value}


__all__ = ["AUDIENCE", "LABEL", "AzurePipelines", "GitHub", "Host", "NoHostError", "RefusedError", "host"]
