"""The data of `advise`: a file that --save wrote and its mistakes, and a server with what goes wrong there."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from advice_worlds import seen, stack

from advising.prometheus import TOKEN, UnreachableError, ask
from advising.seen import DumpRefusedError, from_text, written
from cli.app import main
from observability.advice import questions
from observability.dashboards.selecting import POOL_LABEL

DEV = stack()
UNUSED = {"kv_peak/chat": 0.05, "load_peak/chat": 5}
SECRET = "s3cret.bearer-token"


def of_kv(file: dict[str, Any]) -> Any:
    """One answer."""
    return file["answers"]["kv_peak"]


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    """The file with a mistake."""
    document = json.loads(written(seen(DEV.plan)))
    change(document)
    return json.dumps(document, indent=1)


def test_a_file_reads_as_it_was_written() -> None:
    found = seen(DEV.plan, UNUSED)
    assert from_text(written(found), DEV.plan, "dev") == found
    assert written(from_text(written(found), DEV.plan, "dev")) == written(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "line 1 column 2"),
        ("[]", "no key `format`"),
        ("[" * 100_000, "not JSON"),
        (broken(lambda file: file.update(format="llm-platform-advise/9")), "`format`: 'llm-platform-advise/9'"),
        (broken(lambda file: file.update(stack="prod")), "of the stack 'prod'"),
        (broken(lambda file: file.update(days="7")), "`days`: Expected `int`"),
        (broken(lambda file: file.update(days=0)), "`days`: 0 is not"),
        (broken(lambda file: file.update(extra=1)), "unknown field `extra`"),
        (broken(lambda file: file.pop("planned")), "missing required field `planned`"),
        (broken(lambda file: file["answers"].pop("kv_peak")), "lacks the answer `kv_peak`"),
        (broken(lambda file: file["answers"].update(more=of_kv(file))), "`answers.more`: nothing asks"),
        (broken(lambda file: of_kv(file).update(query="up")), "answers.kv_peak.query`: it is the answer to"),
        (broken(lambda file: of_kv(file)["series"][0].update(value="x")), "Expected `float`"),
        (broken(lambda file: of_kv(file)["series"][1].update(value=-1)), "series[1].value`: -1.0"),
        (broken(lambda file: of_kv(file)["series"][0].update(labels={})), "labels [] are not"),
        (broken(lambda file: of_kv(file).update(series=[of_kv(file)["series"][0]] * 2)), "the same labels"),
        (broken(lambda file: file["answers"]["first_token"]["series"][0]["labels"].update(le="x")), "a bucket"),
        (written(seen(DEV.plan)).replace("0.6", "1e999", 1), "is not a number"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_its_place(text: str, message: str, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(DumpRefusedError) as error:
        from_text(text, DEV.plan, "dev")
    assert message in str(error.value)
    file = tmp_path / "seen.json"
    file.write_text(text)
    assert main(["advise", "dev", "--prometheus", str(file)]) == 2
    assert "can't be read" in capsys.readouterr().out


def test_the_line_of_a_mistake_is_named() -> None:
    text = broken(lambda file: of_kv(file)["series"][1].update(value=-1))
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '"value": -1' in line)
    with pytest.raises(DumpRefusedError, match=f"^line {line}, `answers.kv_peak"):
        from_text(text, DEV.plan, "dev")


def test_a_model_that_was_changed_since_is_left_out(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "seen.json"
    file.write_text(broken(lambda document: document["planned"]["chat"].update(context=4096)))
    assert main(["advise", "dev", "--prometheus", str(file), "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert [note.partition(":")[0] for note in notes] == ["chat"]
    assert "has changed since" in notes[0]


@contextmanager
def server(
    status: int = 200, body: Callable[[str], bytes] = lambda _: b"", **headers: str
) -> Generator[tuple[str, list[Any]]]:
    """A server that answers every query alike, and what it was sent."""
    requests: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            requests.append((self.path, form, self.headers.get("Authorization")))
            content = body(form["query"][0])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            del format, args

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", requests
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def vector(*series: tuple[dict[str, str], str]) -> bytes:
    result = [{"metric": labels, "value": [1.5, value]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


def test_every_query_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "")
    with server(
        body=lambda _: vector(({"model_name": "chat", "le": "1.0", POOL_LABEL: "h100", "deployment": "chat"}, "0.25"))
    ) as (address, requests):
        found = ask(f"{address}/prometheus/", DEV.plan, "dev", 3, 1000.7, SECRET)
    wanted = questions(DEV.plan.dashboards, 3)
    assert [form["query"][0] for _, form, _ in requests] == [question.query for question in wanted]
    assert {(path, form["time"][0], token) for path, form, token in requests} == {
        ("/prometheus/api/v1/query", "1001", f"Bearer {SECRET}")
    }
    assert found.value("kv_peak", model_name="chat") == 0.25
    assert SECRET not in written(found)


def test_what_has_no_value_or_no_owner_is_left_out() -> None:
    answer = vector(({"model_name": "chat", "deployment": "a", POOL_LABEL: "p", "le": "1"}, "NaN"), ({}, "7"))
    with server(body=lambda _: answer) as (address, _):
        found = ask(address, DEV.plan, "dev", 7, 0)
    assert found.values("kv_peak") == []
    assert found.value("covered") == 7


@pytest.mark.parametrize(
    ("status", "body", "headers", "message"),
    [
        (200, b"<html>", {}, "something else than JSON"),
        (200, b"{}", {}, "something else than Prometheus"),
        (200, b'{"status":"success","data":{"resultType":"matrix","result":[]}}', {}, "no vector"),
        (
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[{}]}}',
            {},
            "something else than Prometheus",
        ),
        (200, b"[" * 100_000, {}, "something else than JSON"),
        (200, b" " * (16 * 1024 * 1024 + 1), {}, "more than 16 MiB"),
        (401, b"", {}, TOKEN),
        (302, b"", {"Location": "http://elsewhere.example/"}, "answered 302"),
        (422, b'{"status":"error","error":"query timed out\\nin expression evaluation"}', {}, "query timed out in"),
        (503, b"no", {}, "answered 503"),
    ],
)
def test_a_server_that_does_not_answer_as_prometheus_is_one_line(
    status: int, body: bytes, headers: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv(TOKEN, SECRET)
    with server(status, lambda _: body, **headers) as (address, requests):
        assert main(["advise", "dev", "--prometheus", address]) == 2
    shown = capsys.readouterr()
    assert message in " ".join(shown.out.split())
    assert SECRET not in shown.out + shown.err
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("address", "token", "message"),
    [
        ("http://127.0.0.1:1", None, "can't be reached"),
        ("https://", None, "no host"),
        ("http://[", None, "not an address"),
        ("http://localhost:99999", None, "not an address"),
        ("https://user:pass@prometheus.example", None, "a user or a password"),
        ("https://user:pa/ss@prometheus.example", None, "a user or a password"),
        ("https://user:pa#ss@prometheus.example", None, "a user or a password"),
        ("https://user:pass\u2100@prometheus.example", None, "a user or a password"),
        ("https://user:passwort", None, "not an address"),
        ("https://prometheus.example/?a=b", None, "ends with a query"),
        ("http://prometheus.example", SECRET, "unencrypted"),
        ("https://prometheus.example", "two words", "no bearer token has"),
        ("https://prometheus.example", "", "is empty"),
        ("https://prometheus.example", "line\nbreak", "no bearer token has"),
    ],
)
def test_an_address_that_must_not_be_used(address: str, token: str | None, message: str) -> None:
    with pytest.raises(UnreachableError, match=message) as error:
        ask(address, DEV.plan, "dev", 7, 0, token)
    assert not token or token not in str(error.value)
    assert not any(part in str(error.value) for part in ("pass@", "pa/", "'pa'", "pa#", "pass\u2100", "passwort"))


def test_what_a_server_answered_is_saved_and_read_again(tmp_path: Path, capsys: Any) -> None:
    known = {
        question.query: seen(DEV.plan, UNUSED).answers[question.key] for question in questions(DEV.plan.dashboards, 7)
    }

    def answer(query: str) -> bytes:
        return vector(*((series.labels, repr(series.value)) for series in known[query].series))

    file = tmp_path / "seen.json"
    with server(body=answer) as (address, _):
        assert main(["advise", "dev", "--prometheus", address, "--save", str(file)]) == 0
    by_server = capsys.readouterr().out
    assert main(["advise", "dev", "--prometheus", str(file)]) == 0
    assert capsys.readouterr().out == by_server
    assert "KV-UNUSED models[0]" in by_server


def test_both_formats_say_the_same(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "seen.json"
    file.write_text(written(seen(DEV.plan, {"kv_peak/chat": 0.99, "waiting_share/chat": 0.3, "requests/embed": 5})))
    assert main(["advise", "dev", "--prometheus", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (advice,) = document["advice"]
    assert (advice["kind"], advice["saving"]["max_per_month"]) == ("KV-PRESSURE", -5095.4)
    assert main(["advise", "dev", "--prometheus", str(file)]) == 0
    text = capsys.readouterr().out
    for line in (*advice["difference"].splitlines(), advice["seen"][0]["query"], "-5,095 at the most"):
        assert line in text
    assert "No advice: embed: 5 requests" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dev"], "--prometheus"),
        (["dev", "--prometheus", "no/such/file"], "can't be read"),
        (["dev", "--prometheus", "no/such/file", "--days", "3"], "--days"),
        (["dev", "--prometheus", "no/such/file", "--save", "x"], "--save"),
        (["dev", "--prometheus", "http://127.0.0.1:1", "--days", "0"], "0"),
        (["nobody", "--prometheus", "http://127.0.0.1:1"], "no such file"),
    ],
)
def test_bad_input_is_one_line_and_2(arguments: list[str], message: str, capsys: Any) -> None:
    assert main(["advise", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.out + shown.err


def test_a_file_that_can_t_be_written_is_reported(tmp_path: Path, capsys: Any) -> None:
    with server(body=lambda _: vector()) as (address, _):
        assert main(["advise", "dev", "--prometheus", address, "--save", str(tmp_path)]) == 2
    assert "can't be written" in capsys.readouterr().out
