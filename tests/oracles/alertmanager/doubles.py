"""Whoever is notified: a server for webhooks that is PagerDuty too, and a mail server; both on loopback.

PagerDuty's Events API v2 takes what https://developer.pagerduty.com/docs/events-api-v2/trigger-events lists as
required, with 202, and answers anything else with 400. A mail server that asks for TLS and a password refuses mail
before both, by RFC 3207 (530) and RFC 4954 (530, 535).
"""

import base64
import http.server
import json
import re
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, Self

_PAGERDUTY: Final = "/v2/enqueue"
_SEVERITIES: Final = {"critical", "warning", "error", "info"}
_ROUTING_KEY: Final = re.compile(r"[0-9a-zA-Z]{32}")
_SUMMARY_LIMIT: Final = 1024


@dataclass(frozen=True)
class Call:
    """One request: path, header `Authorization`, and the JSON that came with it."""

    path: str
    authorization: str | None
    body: Any


@dataclass
class Web:
    """A server that keeps what it is sent. Used as a context; `address` is http://127.0.0.1:PORT."""

    calls: list[Call] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
                wrong = _wrong_event(body) if self.path == _PAGERDUTY else None
                if wrong is None:
                    web.calls.append(Call(self.path, self.headers.get("Authorization"), body))
                else:
                    web.refused.append(wrong)
                answer = json.dumps({"status": "success" if wrong is None else "invalid event"}).encode()
                accepted = 202 if self.path == _PAGERDUTY else 200
                self.send_response(accepted if wrong is None else 400)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method's
                del format, args

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def at(self, path: str) -> list[Call]:
        """Requests for a path."""
        return [call for call in self.calls if call.path == path]

    def events(self) -> list[Any]:
        """What PagerDuty has accepted."""
        return [call.body for call in self.at(_PAGERDUTY)]


def _wrong_event(event: Any) -> str | None:
    """Why the Events API v2 refuses an event; None where it takes it."""
    action = event.get("event_action")
    if not _ROUTING_KEY.fullmatch(str(event.get("routing_key"))):
        return f"routing_key of 32 letters and digits: {event}"
    if action not in {"trigger", "acknowledge", "resolve"}:
        return f"event_action: {event}"
    if action != "trigger":
        return None if event.get("dedup_key") else f"dedup_key is needed to {action}: {event}"
    payload = event.get("payload") or {}
    if not payload.get("source") or not 0 < len(payload.get("summary", "")) <= _SUMMARY_LIMIT:
        return f"payload.source and payload.summary: {event}"
    if payload.get("severity") not in _SEVERITIES:
        return f"payload.severity: {event}"
    return next((f"links[].href: {link}" for link in event.get("links") or () if "://" not in link["href"]), None)


@dataclass
class Mail:
    """A mail server that takes mail over TLS alone, from whoever knows the password. `port` is on loopback."""

    certificate: Path
    """Folder with `tls.crt` and `tls.key` of `localhost`."""
    user: str
    password: str
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        mail = self
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate / "tls.crt", self.certificate / "tls.key")

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Session(mail, self.request, tls).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.port = self._server.server_address[1]
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Session:
    """One client: what RFC 5321 has of EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA and QUIT."""

    def __init__(self, mail: Mail, connection: Any, tls: ssl.SSLContext) -> None:
        self._mail, self._connection, self._tls = mail, connection, tls
        self._encrypted = self._known = False

    def run(self) -> None:
        self._lines = self._connection.makefile("rb")
        try:
            self._talk()
        finally:
            self._lines.close()
            self._connection.close()

    def _talk(self) -> None:
        self._say("220 localhost ESMTP")
        # STARTTLS puts other lines in the place of these.
        while line := self._lines.readline():
            command = line.decode().strip()
            verb = command.partition(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb, command)

    def _answer(self, verb: str, command: str) -> None:
        if verb == "EHLO":
            self._say("250-localhost", "250 AUTH PLAIN" if self._encrypted else "250 STARTTLS")
        elif verb == "STARTTLS":
            self._say("220 go ahead")
            self._lines.close()
            self._connection = self._tls.wrap_socket(self._connection, server_side=True)
            self._lines, self._encrypted = self._connection.makefile("rb"), True
        elif not self._encrypted:
            self._refuse("530 Must issue a STARTTLS command first", command)
        elif verb == "AUTH":
            given = base64.b64decode(command.rpartition(" ")[2]).decode().split("\0")[1:]
            self._known = given == [self._mail.user, self._mail.password]
            if self._known:
                self._say("235 welcome")
            else:
                self._refuse("535 Authentication credentials invalid", command)
        elif not self._known:
            self._refuse("530 Authentication required", command)
        elif verb == "DATA":
            self._say("354 go on")
            text = b"".join(iter(self._lines.readline, b".\r\n")).replace(b"\r\n..", b"\r\n.")
            self._mail.messages.append(message_from_bytes(text, EmailMessage, policy=policy.default))
            self._say("250 taken")
        else:
            if verb == "RCPT":
                self._mail.recipients.append(command.partition("<")[2].partition(">")[0])
            self._say("250 fine")

    def _refuse(self, reply: str, command: str) -> None:
        self._mail.refused.append(f"{reply}: {command.split(maxsplit=1)[0]}")
        self._say(reply)

    def _say(self, *lines: str) -> None:
        self._connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
