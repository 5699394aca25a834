"""Comments and issues are written once and then replaced, on GitHub and on Azure DevOps; what is refused is said."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_double import TOKEN, HostDouble

from pipelines import http_json
from pipelines.hosts import NoHostError, RefusedError, host

MARKER = "<!-- llm-platform preview dev -->"


@pytest.fixture
def double() -> Iterator[HostDouble]:
    with HostDouble.running() as running:
        yield running


@pytest.fixture
def event(tmp_path: Path) -> str:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    return str(file)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_json.call, "__kwdefaults__", {"headers": None, "sleep": lambda _: None})


def test_github_replaces_its_own_comment_also_on_a_later_page(double: HostDouble, event: str) -> None:
    double.comments = [{"id": number, "body": "somebody's"} for number in range(1, 121)]
    github = host(double.github(event))
    assert github.comment(MARKER, f"{MARKER}\nfirst") == "wrote a comment"
    assert github.comment(MARKER, f"{MARKER}\nsecond") == "replaced the comment"
    assert [each["body"] for each in double.comments if each["body"] != "somebody's"] == [f"{MARKER}\nsecond"]


def test_azure_devops_replaces_its_own_comment(double: HostDouble) -> None:
    double.threads = [{"id": 5, "comments": [{"id": 1, "content": None}]}]
    azure = host(double.azure())
    assert azure.comment(MARKER, f"{MARKER}\nfirst") == "wrote a comment"
    assert azure.comment(MARKER, f"{MARKER}\nsecond") == "replaced the comment"
    assert [comment["content"] for thread in double.threads for comment in thread["comments"]] == [
        None, f"{MARKER}\nsecond"
    ]  # fmt: skip


def test_one_issue_is_opened_changed_and_closed_on_github(double: HostDouble, event: str) -> None:
    pull = {
        "number": 1,
        "title": "dev drifts",
        "state": "open",
        "labels": ["llm-platform"],
        "pull_request": {},
        "body": "",
    }
    double.issues.append(pull)
    github = host(double.github(event))
    assert github.issue("dev drifts", "one") == "opened issue 2"
    assert github.issue("dev drifts", "two") == "replaced the text of issue 2"
    assert github.close("dev drifts") == "closed issue 2"
    assert github.close("dev drifts") == "no open issue"
    assert [(each["state"], each["body"]) for each in double.issues] == [("open", ""), ("closed", "two")]
    assert github.issue("dev drifts", "again") == "opened issue 3"


def test_one_issue_is_opened_changed_and_closed_on_azure_devops(double: HostDouble) -> None:
    azure = host(double.azure())
    assert azure.issue("dev's prices", "one") == "opened issue 1"
    assert azure.issue("dev's prices", "two") == "replaced the text of issue 1"
    assert double.work_items[1]["System.Description"] == "two"
    assert azure.close("dev's prices") == "closed issue 1"
    assert azure.close("dev's prices") == "no open issue"


def test_both_hosts_give_a_new_token_each_time(double: HostDouble, event: str) -> None:
    github, azure = host(double.github(event)), host(double.azure())
    assert [github.token(), azure.token(), github.token()] == ["assertion-1", "assertion-2", "assertion-3"]


def test_a_busy_host_is_asked_again_and_a_refusal_is_said_without_the_token(double: HostDouble, event: str) -> None:
    github = host(double.github(event))
    double.refusals = [502, 429, 503]
    assert github.token() == "assertion-1"
    double.refusals = [500] * 4
    with pytest.raises(RefusedError, match="was refused: 500") as refused:
        github.token()
    assert TOKEN not in str(refused.value.message)
    before = len(double.requests)
    double.refusals = [403]
    with pytest.raises(RefusedError) as refused:
        github.comment(MARKER, "text")
    assert (refused.value.status, len(double.requests) - before) == (403, 1)


def test_a_host_that_cannot_be_reached_is_said(event: str) -> None:
    environment = HostDouble().github(event) | {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/oidc?a=b"}
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:1/oidc failed"):
        host(environment).token()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "id-token: write"),
        ("GITHUB_TOKEN", "github.token"),
        ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY is not set"),
    ],
)
def test_what_a_step_lacks_is_named_with_what_to_write(
    double: HostDouble, event: str, missing: str, words: str
) -> None:
    environment = double.github(event)
    del environment[missing]
    github = host(environment)
    with pytest.raises(NoHostError, match=words):
        _ = github.token(), github.comment(MARKER, "text")


def test_a_step_elsewhere_and_a_run_without_a_pull_request_are_said(double: HostDouble, tmp_path: Path) -> None:
    with pytest.raises(NoHostError, match="neither in GitHub Actions nor in Azure Pipelines"):
        host({})
    push = tmp_path / "push.json"
    push.write_text("{}", encoding="utf-8")
    with pytest.raises(NoHostError, match="not started by a pull request"):
        host(double.github(str(push))).comment(MARKER, "text")
