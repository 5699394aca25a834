"""Content safety: which guard judges prompts and answers, by which policy, and what happens then."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import UNKNOWN_NAME, Flag, Section, SettingRefusedError, StandIn, Text, pattern

Mode = Literal["block", "annotate", "shadow", "off"]
# Azure's four levels are 0, 2, 4 and 6, and 0 is harmless.
Severity = Literal[2, 4, 6]
_PART = r"[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*"


class AzureGuard(Section):
    """Azure AI Content Safety, as an account of this platform."""

    hate: Severity | None = Field(default=4, description="the severity from which hate is found: 2, 4, 6 or null")
    self_harm: Severity | None = Field(default=4, description="the same for self-harm")
    sexual: Severity | None = Field(default=4, description="the same for sexual content")
    violence: Severity | None = Field(default=4, description="the same for violence")
    prompt_shields: Flag = Field(
        default=True, description="`true` where prompts that attack the model are found too, by a call more for each"
    )

    @model_validator(mode="after")
    def _finds_something(self) -> "AzureGuard":
        if not self.prompt_shields and not self.has_categories:
            raise SettingRefusedError("this guard finds nothing", "give one category a severity: hate: 4")
        return self

    @property
    def has_categories(self) -> bool:
        """Whether it finds anything in texts beside prompts that attack the model."""
        return any((self.hate, self.self_harm, self.sexual, self.violence))


class Guard(Section):
    """Who judges."""

    azure: AzureGuard | None = Field(
        default=None, description="a mapping for Azure AI Content Safety: {hate: 4, violence: 4, prompt_shields: true}"
    )
    model: Annotated[Text, UNKNOWN_NAME] | None = Field(
        default=None, description="the name of a guard model of this stack, such as llama-guard"
    )
    categories: tuple[Text, ...] = Field(
        default=(),
        max_length=20,
        description="with `model` only: the categories that count, such as [S1, S10] or [harm, jailbreak]; without it "
        "all of a Llama Guard, and `harm` of a Granite Guardian",
    )

    @model_validator(mode="after")
    def _one(self) -> "Guard":
        if (self.azure is None) == (self.model is None):
            given = "neither is" if self.azure is None else "both are"
            raise SettingRefusedError(
                f"exactly one of `azure` and `model` is required, {given} given",
                "write {azure: {}} or {model: NAME}",
            )
        if self.azure is not None and self.categories:
            raise SettingRefusedError(
                "`categories` is only valid with `model`", "write a severity for each category under `azure`"
            )
        return self


class Stages(Section):
    """What is judged, and what follows."""

    input: Mode = Field(
        default="block",
        description="prompts: `block`, `annotate` (a header says what was found), `shadow` (metrics alone) or `off`",
    )
    output: Mode = Field(default="block", description="answers: `block`, `annotate`, `shadow` or `off`")

    @model_validator(mode="after")
    def _one(self) -> "Stages":
        if self.input == self.output == "off":
            raise SettingRefusedError("nothing is judged", "leave the policy out, or switch a stage on")
        return self


class Window(Section):
    """What of a streamed answer is judged at a time."""

    characters: Annotated[int, Field(ge=50, le=5000, strict=True)] = Field(
        default=400,
        description="the characters of a streamed answer, 50 to 5000, that are held back until they are judged; fewer "
        "come sooner, and take more calls of the guard",
    )


class SafetyPolicy(Section):
    """One way to judge."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=40), StandIn("zz{index}")] = Field(
        description="what models and tenants name it by: lower-case letters, digits and single dashes, 40 at most"
    )
    guard: Annotated[Guard, StandIn({"azure": {}})] = Field(
        description="who judges: {azure: {}} for Azure AI Content Safety, {model: NAME} for a guard model of this stack"
    )
    stages: Stages = Field(
        default_factory=Stages, description="what is judged, and what follows: {input: block, output: block}"
    )
    on_failure: Literal["open", "closed"] = Field(
        default="closed",
        description="what is done with a text that could not be judged: `closed` (withheld) or `open` (it passes)",
    )
    window: Window = Field(
        default_factory=Window, description="what of a streamed answer is held back: {characters: 400}"
    )
    timeout_ms: Annotated[int, Field(ge=50, le=30_000, strict=True)] = Field(
        default=2000,
        description="the milliseconds, 50 to 30000, that one check may take: of a prompt, of an answer, of a window",
    )
    prompt_characters: Annotated[int, Field(ge=1000, le=10_000_000, strict=True)] = Field(
        default=100_000,
        description="the longest prompt in characters, 1000 to 10000000, that is judged; with `block` longer ones are "
        "refused",
    )

    @model_validator(mode="after")
    def _finds_something_in_answers(self) -> "SafetyPolicy":
        azure = self.guard.azure
        if azure is not None and not azure.has_categories and self.stages.output != "off":
            raise SettingRefusedError(
                f"nothing can be found in answers (`output: {self.stages.output}`): no category has a severity, and "
                "prompt shields judge prompts alone",
                "give one category a severity, such as hate: 4, or write stages: {input: block, output: off}",
            )
        return self


class SafetyImage(Section):
    """The processor's image, which you build: nobody publishes one."""

    repository: Annotated[str, pattern(rf"^{_PART}(/{_PART})*$", longest=200), StandIn("recovered")] = Field(
        description="its repository in the platform's own registry, such as platform/guardrails: without the "
        "registry's name, without a tag"
    )
    digest: Annotated[str, pattern(r"^sha256:[0-9a-f]{64}$"), StandIn("sha256:" + "0" * 64)] = Field(
        description="its digest, sha256: and 64 hexadecimal digits, as `docker push` prints it"
    )


class Safety(Section):
    """What judges prompts and answers on their way through the gateway."""

    processor_image: SafetyImage = Field(
        description="the processor's image in the platform's registry, built from guardrails/Containerfile: "
        "{repository: platform/guardrails, digest: sha256:…}"
    )
    replicas: Annotated[int, Field(ge=2, le=20, strict=True)] = Field(
        default=2, description="the number of processors, 2 to 20"
    )
    policies: Annotated[tuple[SafetyPolicy, ...], Field(min_length=1, max_length=50)] = Field(
        description="a list of policies, at least one: [{name: standard, guard: {azure: {}}}]"
    )
