"""Asks a Prometheus server, or what speaks its API (Azure Monitor, Thanos, Mimir), all questions about a stack.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/ (`POST /api/v1/query`, resultType `vector`).
"""

import http.client
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from advising.seen import FORMAT, Answer, Seen, Series, planned
from config.findings import printable
from observability.advice import Question, questions
from planning.plan import Plan

# The environment variable with the bearer token of a server that asks for one.
TOKEN: Final = "LLM_PLATFORM_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable, not a secret
# Prometheus ends a query after two minutes (--query.timeout).
_TIMEOUT_SECONDS: Final = 130
_ANSWER_BYTES: Final = 16 * 1024 * 1024
_MOST_SERIES: Final = 100_000
_SHOWN: Final = 300
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
Ask = Callable[[str], Any]


class UnreachableError(Exception):
    """The server didn't answer, or not as Prometheus does; the message is one line and never has the token."""


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would take the token to whoever the answer names."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def is_address(text: str) -> bool:
    """Whether this is the address of a server, and not a file."""
    return text.lower().startswith(("http://", "https://"))


def ask(address: str, plan: Plan, stack: str, days: int, at: float, token: str | None = None) -> Seen:
    """The answers to all questions about a stack at the time `at`.

    Raises:
        UnreachableError: the address can't be used, the server doesn't answer, or a query fails.
    """
    base = _checked(address, token)
    opener = build_opener(_NoRedirect())
    answers = {}
    for question in questions(plan.dashboards, days):
        reply = _posted(opener, base, {"query": question.query, "time": f"{at:.0f}"}, token)
        answers[question.key] = Answer(question.query, _series(question, reply, base))
    return Seen(FORMAT, stack, at, days, planned(plan), answers)


def _checked(address: str, token: str | None) -> str:
    # A password may have characters that end an address, and none of it may be in a message.
    if "@" in address:
        raise UnreachableError(f"the address has a user or a password in it: put a bearer token into {TOKEN}")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnreachableError("not an address: write https://HOST or http://localhost:9090") from None
    if not host:
        raise UnreachableError("the address has no host: write https://HOST or http://localhost:9090")
    if parts.query or parts.fragment:
        raise UnreachableError("the address ends with a query: write it as Grafana's data source has it")
    if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
        raise UnreachableError(f"{TOKEN} is empty, or has a character that no bearer token has")
    if token is not None and parts.scheme.lower() == "http" and host not in _LOCAL:
        raise UnreachableError(f"{TOKEN} is set, and would go to {host} unencrypted: write https://")
    return address.rstrip("/")


def _posted(opener: OpenerDirector, base: str, form: Mapping[str, str], token: str | None) -> Any:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    # is_address lets http and https through alone.
    request = Request(f"{base}/api/v1/query", urlencode(form).encode(), headers)  # noqa: S310
    host = urlsplit(base).netloc
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as reply:
            content = reply.read(_ANSWER_BYTES + 1)
    except HTTPError as error:
        with error:
            raise UnreachableError(f"{host} answered {error.code} {error.reason}{_why(error)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{host} can't be reached: {_line(getattr(error, 'reason', error))}") from error
    if len(content) > _ANSWER_BYTES:
        raise UnreachableError(f"{host} answered with more than {_ANSWER_BYTES // 1024 // 1024} MiB")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreachableError(f"{host} answered with something else than JSON: is it Prometheus?") from error


def _why(error: HTTPError) -> str:
    """What Prometheus says of a query that fails, or what to do."""
    if error.code in (401, 403):
        return f": put a bearer token that may read metrics into {TOKEN}"
    try:
        message = json.loads(error.read(_ANSWER_BYTES))["error"]
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return ""
    return f": {_line(message)}"


def _line(value: object) -> str:
    return printable(str(value))[:_SHOWN]


def _series(question: Question, reply: Any, base: str) -> list[Series]:
    host = urlsplit(base).netloc
    try:
        if reply["status"] != "success" or reply["data"]["resultType"] != "vector":
            raise UnreachableError(f"{host} answered `{question.key}` with {_line(reply.get('error', 'no vector'))}")
        found = reply["data"]["result"]
        if len(found) > _MOST_SERIES:
            raise UnreachableError(f"{host} answered `{question.key}` with more than {_MOST_SERIES:,} series")
        every = [
            Series({name: str(each["metric"][name]) for name in question.by}, float(each["value"][1]))
            for each in found
            # What has none of the labels is nobody's: another program's metric of the same name.
            if all(name in each["metric"] for name in question.by)
        ]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UnreachableError(f"{host} answered with something else than Prometheus' JSON") from error
    # A mean of nothing is not a number.
    kept = [each for each in every if math.isfinite(each.value) and each.value >= 0]
    return sorted(kept, key=lambda each: sorted(each.labels.items()))
