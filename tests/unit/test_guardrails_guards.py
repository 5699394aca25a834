"""What is sent to Azure AI Content Safety and of guard models, and how their answers are read."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from guardrails.azure_guard import ATTACK, AzureContentSafety
from guardrails.checks import pieces
from guardrails.contract import Action, Finding, GuardError, Stage, Verdict
from guardrails.model_guard import GuardModel, granite_guardian, llama_guard
from guardrails.settings import AzureGuard, ModelGuard, read
from tests.unit.guardrails_stub import HOST

LIMITS = {"Hate": 4, "SelfHarm": 4, "Sexual": 4, "Violence": 2}


class _Azure:
    """Azure's answers, as its REST API 2024-09-01 documents them."""

    def __init__(self) -> None:
        self.severities = dict.fromkeys(LIMITS, 0)
        self.attack = False
        self.status = 200
        self.calls: list[tuple[str, Any, str]] = []
        self.expires = 3600

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.calls.append(("token", dict(form), request.path))
        return web.json_response({"access_token": "the-token", "expires_in": self.expires})

    async def analyze(self, request: web.Request) -> web.Response:
        self.calls.append(("analyze", await request.json(), request.headers["authorization"]))
        found = [{"category": name, "severity": severity} for name, severity in self.severities.items()]
        return web.json_response({"blocklistsMatch": [], "categoriesAnalysis": found}, status=self.status)

    async def shield(self, request: web.Request) -> web.Response:
        self.calls.append(("shield", await request.json(), request.query["api-version"]))
        analysis = {"userPromptAnalysis": {"attackDetected": self.attack}, "documentsAnalysis": []}
        return web.json_response(analysis)


def _checked(azure: _Azure, *stages: Stage, shields: bool = True) -> list[Verdict]:
    async def running() -> list[Verdict]:
        application = web.Application()
        application.router.add_post("/tenant/oauth2/v2.0/token", azure.token)
        application.router.add_post("/contentsafety/text:analyze", azure.analyze)
        application.router.add_post("/contentsafety/text:shieldPrompt", azure.shield)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        address = f"http://{HOST}:{runner.addresses[0][1]}"
        settings = AzureGuard(
            endpoint=address, api_version="2024-09-01", categories=LIMITS, prompt_shields=shields, largest_text=10_000,
            authority=address,
        )  # fmt: skip
        async with aiohttp.ClientSession() as session:
            guard = AzureContentSafety(settings, session)
            try:
                return [await guard.check("a text", stage) for stage in stages]
            finally:
                await runner.cleanup()

    return asyncio.run(running())


@pytest.fixture(autouse=True)
def _identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("service-account-token")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))


def test_azure_is_called_with_the_pods_own_identity() -> None:
    azure = _Azure()

    verdicts = _checked(azure, Stage.INPUT, Stage.OUTPUT)

    assert [verdict.action for verdict in verdicts] == [Action.ALLOW, Action.ALLOW]
    [exchange] = [call for call in azure.calls if call[0] == "token"]
    assert exchange[1]["client_assertion"] == "service-account-token"
    assert exchange[1]["scope"] == "https://cognitiveservices.azure.com/.default"
    analyzed = [call for call in azure.calls if call[0] == "analyze"]
    assert analyzed[0][1]["categories"] == sorted(LIMITS)
    assert analyzed[0][2] == "Bearer the-token"
    # Prompts are shielded, answers are none.
    assert [call[1:] for call in azure.calls if call[0] == "shield"] == [
        ({"userPrompt": "a text", "documents": []}, "2024-09-01")
    ]


@pytest.mark.parametrize(("severity", "blocked"), [(2, False), (4, True), (6, True)])
def test_a_severity_from_the_threshold_on_blocks(severity: int, blocked: bool) -> None:
    azure = _Azure()
    azure.severities["Hate"] = severity

    [verdict] = _checked(azure, Stage.OUTPUT)

    assert verdict == (Verdict(Action.BLOCK, (Finding("Hate", score=severity),)) if blocked else Verdict(Action.ALLOW))


def test_an_attack_blocks() -> None:
    azure = _Azure()
    azure.attack = True

    assert _checked(azure, Stage.INPUT)[0].types == (ATTACK,)
    assert _checked(azure, Stage.INPUT, shields=False)[0].action == Action.ALLOW


def test_a_category_without_an_answer_and_a_limit_of_calls_are_no_verdicts() -> None:
    azure = _Azure()
    del azure.severities["Violence"]
    with pytest.raises(GuardError, match="answer"):
        _checked(azure, Stage.OUTPUT)
    azure = _Azure()
    azure.status = 429
    with pytest.raises(GuardError, match="status_429"):
        _checked(azure, Stage.OUTPUT)


def test_a_token_that_ends_is_replaced() -> None:
    azure = _Azure()
    azure.expires = 10

    _checked(azure, Stage.OUTPUT, Stage.OUTPUT)

    assert len([call for call in azure.calls if call[0] == "token"]) == 2


def test_without_an_identity_there_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE")

    with pytest.raises(GuardError, match="identity"):
        _checked(_Azure(), Stage.OUTPUT)


@pytest.mark.parametrize(
    ("answer", "categories"),
    [("safe", []), ("\n\nsafe", []), ("\n\nunsafe\nS1", ["S1"]), ("unsafe\nS1,S14 ", ["S1", "S14"])],
)
def test_llama_guards_answer_is_read(answer: str, categories: list[str]) -> None:
    assert llama_guard(answer) == categories


@pytest.mark.parametrize("answer", ["", "unsafe", "safe\nunsafe\nS1", "I think it is safe", "safe.", "SAFE"])
def test_another_answer_of_llama_guard_is_no_verdict(answer: str) -> None:
    with pytest.raises(GuardError, match="answer"):
        llama_guard(answer)


@pytest.mark.parametrize(("answer", "found"), [("<score> yes </score>", True), ("\n<score>no</score>\n", False)])
def test_granite_guardians_answer_is_read(answer: str, found: bool) -> None:
    assert granite_guardian(answer) is found


@pytest.mark.parametrize("answer", ["yes", "<score> perhaps </score>", "<score> no </score><score> yes </score>"])
def test_another_answer_of_granite_guardian_is_no_verdict(answer: str) -> None:
    with pytest.raises(GuardError, match="answer"):
        granite_guardian(answer)


def test_granite_guardian_is_called_once_for_each_criterion() -> None:
    received: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        received.append(await request.json())
        verdict = (
            "yes" if received[-1]["chat_template_kwargs"]["guardian_config"]["criteria_id"] == "jailbreak" else "no"
        )
        return web.json_response({"choices": [{"message": {"content": f"<score> {verdict} </score>"}}]})

    async def running() -> Verdict:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        settings = ModelGuard(
            endpoint=f"http://{HOST}:{runner.addresses[0][1]}", model="guard", family="granite-guardian-3.3",
            largest_text=1000, categories=("harm", "jailbreak"),
        )  # fmt: skip
        async with aiohttp.ClientSession() as session:
            try:
                return await GuardModel(settings, session).check("text", Stage.OUTPUT)
            finally:
                await runner.cleanup()

    verdict = asyncio.run(running())

    assert verdict == Verdict(Action.BLOCK, (Finding("jailbreak"),))
    assert [message["role"] for message in received[0]["messages"]] == ["user", "assistant"]
    assert received[0]["chat_template_kwargs"]["think"] is False


@pytest.mark.parametrize(("length", "count"), [(1, 1), (1000, 1), (1001, 2), (1800, 2), (1801, 3)])
def test_pieces_hold_a_whole_text_and_overlap(length: int, count: int) -> None:
    text = "".join(chr(ord("a") + at % 26) for at in range(length))

    found = pieces(text, 1000)

    assert len(found) == count
    assert all(len(piece) <= 1000 for piece in found)
    assert found[0] + "".join(piece[200:] for piece in found[1:]) == text


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"policies": {}, "models": {"chat": "strict"}}')

    with pytest.raises(ValueError, match="strict"):
        read(file)
