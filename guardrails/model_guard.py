"""Guard models behind the contract: called over OpenAI's chat API, each family in its own form."""

import re
from typing import Any, Final

import aiohttp
from msgspec import Struct

from guardrails.calls import converted, post
from guardrails.contract import ALLOWED, Action, Finding, GuardError, Stage, Verdict
from guardrails.settings import ModelGuard

# Llama Guard judges the last turn, and its template wants a user's first: the prompt isn't part of the contract.
_UNKNOWN_PROMPT: Final = "(not shown)"
_LLAMA: Final = re.compile(r"\s*(?P<word>safe|unsafe\s+(?P<codes>S\d{1,2}(\s*,\s*S\d{1,2})*))\s*")
_GRANITE: Final = re.compile(r"<score>\s*(?P<word>yes|no)\s*</score>", re.IGNORECASE)
_CRITERION: Final = "harm"
_LONGEST_VERDICT_TOKENS: Final = 64


class _Message(Struct, frozen=True):
    content: str


class _Choice(Struct, frozen=True):
    message: _Message


class _Completion(Struct, frozen=True):
    choices: tuple[_Choice, ...]


class GuardModel:
    """A guard model that an OpenAI-compatible server has."""

    def __init__(self, settings: ModelGuard, session: aiohttp.ClientSession) -> None:
        self._settings, self._session = settings, session
        self.largest_text = settings.largest_text

    async def check(self, text: str, stage: Stage) -> Verdict:
        """Judge one text.

        Raises:
            GuardError: there is no verdict.
        """
        messages = [{"role": "user", "content": text}]
        if stage == Stage.OUTPUT:
            messages = [{"role": "user", "content": _UNKNOWN_PROMPT}, {"role": "assistant", "content": text}]
        if self._settings.family == "llama-guard-3":
            found = llama_guard(await self._answered(messages, {}))
            wanted = self._settings.categories
            return _verdict([code for code in found if not wanted or code in wanted])
        found = []
        for criterion in self._settings.categories or (_CRITERION,):
            template = {"guardian_config": {"criteria_id": criterion}, "think": False}
            found += [criterion] if granite_guardian(await self._answered(messages, template)) else []
        return _verdict(found)

    async def _answered(self, messages: list[dict[str, str]], template: dict[str, Any]) -> str:
        body = {
            "model": self._settings.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": _LONGEST_VERDICT_TOKENS,
            **({"chat_template_kwargs": template} if template else {}),
        }
        answer = converted(
            await post(self._session, f"{self._settings.endpoint}/v1/chat/completions", body), _Completion
        )
        if len(answer.choices) != 1:
            raise GuardError("answer")
        return answer.choices[0].message.content


def llama_guard(answer: str) -> list[str]:
    """Categories of Llama Guard's answer, `safe` or `unsafe` and a line of codes; none where it is safe.

    Source: model card of meta-llama/Llama-Guard-3-8B.

    Raises:
        GuardError: it says neither: a text may have talked the model out of its form.
    """
    read = _LLAMA.fullmatch(answer)
    if read is None:
        raise GuardError("answer")
    return [code.strip() for code in (read["codes"] or "").split(",") if code.strip()]


def granite_guardian(answer: str) -> bool:
    """Whether Granite Guardian 3.3 says that the criterion is met: `<score> yes </score>`.

    Source: model card of ibm-granite/granite-guardian-3.3-8b.

    Raises:
        GuardError: it says neither yes nor no.
    """
    scores = _GRANITE.findall(answer)
    if len(scores) != 1:
        raise GuardError("answer")
    return scores[0].lower() == "yes"


def _verdict(found: list[str]) -> Verdict:
    return Verdict(Action.BLOCK, tuple(Finding(kind) for kind in found)) if found else ALLOWED
