"""The process: gRPC for Envoy; HTTP for the contract, for probes and for Prometheus."""

import asyncio
import signal
from typing import Final

import aiohttp
import grpc
from aiohttp import web
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as service
from msgspec import DecodeError, json
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from guardrails.azure_guard import AzureContentSafety
from guardrails.checks import Background, Checks
from guardrails.contract import Guard, GuardError, Question
from guardrails.model_guard import GuardModel
from guardrails.observed import Metrics, say
from guardrails.processor import Processor
from guardrails.settings import AzureGuard, Policy, Settings

# Room for what gRPC and protobuf put around a body.
_FRAME_BYTES: Final = 1024 * 1024
_CONNECT_SECONDS: Final = 5


class Server:
    """Everything that runs in the process."""

    def __init__(self, settings: Settings, *, grpc_address: str, http_host: str, http_port: int) -> None:
        self._settings = settings
        self._grpc_address, self._http = grpc_address, (http_host, http_port)
        self.metrics = Metrics()
        self.checks: dict[str, Checks] = {}
        """Each policy with its guard, once it has begun."""
        self.ready = asyncio.Event()
        """Whether it takes requests."""
        self.grpc_port = self.http_port = 0
        """Ports, once it has begun."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; then let open requests end."""
        settings = self._settings
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=settings.largest_checks)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
            slots = asyncio.Semaphore(settings.largest_checks)
            self.checks = checks = {
                name: Checks(name, policy, _guard(policy, session), slots, self.metrics)
                for name, policy in settings.policies.items()
            }
            background = Background(settings.largest_background, self.metrics)
            server = grpc.aio.server(options=_options(settings), maximum_concurrent_rpcs=settings.largest_streams)
            processor = Processor(settings, checks, background, self.metrics)
            service.add_ExternalProcessorServicer_to_server(processor, server)
            self.grpc_port = server.add_insecure_port(self._grpc_address)
            runner = await self._http_server(checks)
            await server.start()
            self.ready.set()
            say("started")
            await stop.wait()
            self.ready.clear()
            say("stopping")
            await server.stop(settings.drain_seconds)
            await background.end()
            await runner.cleanup()
            say("stopped")

    async def _http_server(self, checks: dict[str, Checks]) -> web.AppRunner:
        async def analyze(request: web.Request) -> web.Response:
            return await _analyzed(checks.get(request.match_info["policy"]), await request.read())

        async def ready(_: web.Request) -> web.Response:
            return web.Response(status=200 if self.ready.is_set() else 503)

        async def alive(_: web.Request) -> web.Response:
            return web.Response()

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(
                body=generate_latest(self.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST}
            )

        application = web.Application(client_max_size=self._settings.largest_body_bytes)
        application.router.add_post("/policies/{policy}/analyze", analyze)
        application.router.add_get("/readyz", ready)
        application.router.add_get("/healthz", alive)
        application.router.add_get("/metrics", metrics)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, *self._http).start()
        self.http_port = runner.addresses[0][1]
        return runner


def stop_on_signals(stop: asyncio.Event) -> None:
    """End on what Kubernetes and a terminal send."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _analyzed(checks: Checks | None, body: bytes) -> web.Response:
    """The contract, for a gateway that asks by itself."""
    if checks is None:
        return web.Response(status=404)
    try:
        question = json.decode(body, type=Question)
    except (DecodeError, UnicodeDecodeError):
        return web.Response(status=400)
    try:
        verdict = await checks.check(question.text, question.context.stage)
    except GuardError as error:
        return web.json_response({"error": error.reason}, status=503)
    return web.Response(body=json.encode(verdict), content_type="application/json")


def _guard(policy: Policy, session: aiohttp.ClientSession) -> Guard:
    if isinstance(policy.guard, AzureGuard):
        return AzureContentSafety(policy.guard, session)
    return GuardModel(policy.guard, session)


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.largest_body_bytes + _FRAME_BYTES),
        ("grpc.max_send_message_length", settings.largest_body_bytes + _FRAME_BYTES),
        # A proxy that has gone without a word is noticed.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.so_reuseport", 0),
    ]
