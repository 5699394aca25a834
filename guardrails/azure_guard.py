"""Azure AI Content Safety behind the contract: categories of harm, and prompt shields for inputs."""

import asyncio
import os
import time
from collections.abc import Awaitable
from pathlib import Path

import aiohttp
from msgspec import Struct, field

from guardrails.calls import converted, post
from guardrails.contract import ALLOWED, Action, Finding, GuardError, Stage, Verdict
from guardrails.settings import AzureGuard

_SCOPE = "https://cognitiveservices.azure.com/.default"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A token that ends soon is replaced before a request could meet its end.
_EARLY_SECONDS = 300
ATTACK = "PromptAttack"


class _Category(Struct, frozen=True):
    category: str
    severity: int


class _Analysis(Struct, frozen=True):
    analyses: tuple[_Category, ...] = field(name="categoriesAnalysis")


class _Shielded(Struct, frozen=True):
    detected: bool = field(name="attackDetected")


class _Shield(Struct, frozen=True):
    prompt: _Shielded = field(name="userPromptAnalysis")


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: float


class WorkloadIdentity:
    """Exchanges the pod's service account token for one of Entra ID.

    The webhook of workload identity sets the variables, https://learn.microsoft.com/azure/aks/workload-identity-overview;
    the request is OAuth's client credentials with a federated credential,
    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. No secret is involved.
    """

    def __init__(self, session: aiohttp.ClientSession, authority: str) -> None:
        self._session, self._authority = session, authority
        self._token, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token that is valid for minutes at least.

        Raises:
            GuardError: there is none to be had.
        """
        async with self._lock:
            if time.monotonic() >= self._until:
                self._token, seconds = await self._exchanged()
                self._until = time.monotonic() + max(0.0, seconds - _EARLY_SECONDS)
            return self._token

    async def _exchanged(self) -> tuple[str, float]:
        try:
            tenant, client = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"]
            # Short, and read each time: the kubelet replaces it every hour.
            assertion = Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"]).read_text(encoding="ascii")  # noqa: ASYNC240
        except (KeyError, OSError) as error:
            raise GuardError("identity") from error
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "scope": _SCOPE,
            "client_assertion_type": _ASSERTION,
            "client_assertion": assertion,
        }
        try:
            answer = await post(self._session, f"{self._authority}/{tenant}/oauth2/v2.0/token", form, form=True)
        except GuardError as error:
            raise GuardError("identity") from error
        made = converted(answer, _Token)
        return made.access_token, made.expires_in


class AzureContentSafety:
    """One account.

    Source: Content Safety REST API 2024-09-01, `text:analyze` and `text:shieldPrompt`; severities 0, 2, 4, 6.
    """

    def __init__(self, settings: AzureGuard, session: aiohttp.ClientSession) -> None:
        self._settings, self._session = settings, session
        self._identity = WorkloadIdentity(session, settings.authority)
        self.largest_text = settings.largest_text

    async def check(self, text: str, stage: Stage) -> Verdict:
        """Judge one text; only inputs are shielded.

        Raises:
            GuardError: there is no verdict.
        """
        headers = {"authorization": f"Bearer {await self._identity.token()}"}
        checks: list[Awaitable[list[Finding]]] = []
        if self._settings.categories:
            checks.append(self._analyzed(text, headers))
        if self._settings.prompt_shields and stage == Stage.INPUT:
            checks.append(self._shielded(text, headers))
        findings = tuple(finding for part in await asyncio.gather(*checks) for finding in part)
        return Verdict(Action.BLOCK, findings) if findings else ALLOWED

    async def _analyzed(self, text: str, headers: dict[str, str]) -> list[Finding]:
        limits = self._settings.categories
        body = {"text": text, "categories": sorted(limits), "outputType": "FourSeverityLevels"}
        found = converted(await self._ask("text:analyze", body, headers), _Analysis)
        severities = {item.category: item.severity for item in found.analyses}
        # A category that isn't answered was not judged.
        if not limits.keys() <= severities.keys():
            raise GuardError("answer")
        return [
            Finding(category, score=float(severities[category]))
            for category, limit in sorted(limits.items())
            if severities[category] >= limit
        ]

    async def _shielded(self, text: str, headers: dict[str, str]) -> list[Finding]:
        body = {"userPrompt": text, "documents": []}
        found = converted(await self._ask("text:shieldPrompt", body, headers), _Shield)
        return [Finding(ATTACK)] if found.prompt.detected else []

    async def _ask(self, operation: str, body: object, headers: dict[str, str]) -> object:
        url = f"{self._settings.endpoint}/contentsafety/{operation}?api-version={self._settings.api_version}"
        return await post(self._session, url, body, headers=headers)
