"""Models: weights, pool, context, concurrency, replicas and vLLM settings."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from config.base import (
    UNKNOWN_NAME,
    Commit,
    Flag,
    Gpus,
    Range,
    Requests,
    Section,
    SettingRefusedError,
    Sha256,
    StandIn,
    Text,
    Tokens,
    Version,
    pattern,
)
from config.cost import Expected
from config.fallback import Fallback
from config.measured import Measured
from config.objectives import Objectives

# Beyond it neighbouring whole numbers are equal in JSON's numbers; no option of vLLM has a use for them.
_LARGEST = 2**53 - 1


def _countable(value: Any) -> Any:
    """The same value, unless a number anywhere inside it is infinite, none, or too large to be counted with."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            waiting += item.values() if isinstance(item, dict) else item
        elif isinstance(item, (int, float)) and not -_LARGEST <= item <= _LARGEST:
            raise SettingRefusedError(f"{item} can't be counted with", "write a number up to 2^53")
    return value


# Options that take JSON may be written as YAML mappings or lists.
ArgumentValue = (
    Flag
    | Annotated[int, Field(strict=True, ge=-_LARGEST, le=_LARGEST)]
    | Annotated[float, Field(strict=True, ge=-_LARGEST, le=_LARGEST)]
    | Text
    | Annotated[dict[str, Any], AfterValidator(_countable)]
    | Annotated[list[Any], AfterValidator(_countable)]
)


# Names on Hugging Face begin and end with a letter, digit or `_` (huggingface_hub utils/_validators.py): none is `..`.
_REPOSITORY = r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?/[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$"


def _described(section: type[Section], field: str) -> str:
    return section.model_fields[field].description or ""


class Source(Section):
    """Where the weights come from: a Hugging Face commit, or a folder of the platform's model store."""

    huggingface: Annotated[str, pattern(_REPOSITORY)] | None = Field(
        default=None, description="a model id on Hugging Face, such as Qwen/Qwen3-8B"
    )
    revision: Annotated[Commit | None, StandIn("0" * 40)] = Field(
        default=None,
        description="a commit of the Hugging Face repository: 40 hexadecimal digits, in quotes if all are decimal; "
        "`git ls-remote https://huggingface.co/ORGANISATION/MODEL HEAD` prints it",
    )
    blob: Annotated[str, pattern(r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*$")] | None = Field(
        default=None, description="a folder in the model store's container `weights`, such as qwen3-8b/2026-11"
    )
    manifest_sha256: Sha256 | None = Field(
        default=None,
        description="with `blob` only: the SHA-256 of the folder's manifest, 64 hexadecimal digits, as "
        "`llm-platform weights FOLDER` prints it; each pod then checks every file before vLLM starts",
    )
    model: Annotated[Text | None, UNKNOWN_NAME] = Field(
        default=None, description="with `blob` only: the id of the model with the architecture, such as Qwen/Qwen3-8B"
    )
    hf_config: Text | dict[str, Any] | None = Field(
        default=None,
        description="the config.json of a model outside the catalog, as a path from the stack file: models/mine.json",
    )
    weights_gib: Annotated[float, Field(gt=0, le=100_000, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="with `hf_config` only: the GiB of the safetensors files together, where they can't be counted",
    )

    gated: Flag | None = Field(
        default=None,
        description="with `huggingface` only: `true` where Hugging Face asks who downloads it (gated or private), and "
        "the pods get the token; `false` where anyone may",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if (self.huggingface is None) == (self.blob is None):
            given = "neither is" if self.huggingface is None else "both are"
            message = f"exactly one of `huggingface` and `blob` is required, {given} given"
            raise SettingRefusedError(
                message, "give exactly one of `huggingface` (with `revision`) and `blob` (with `model`)"
            )
        if self.huggingface is not None and self.revision is None:
            message = "`huggingface` without `revision`: a branch can change under a running service"
            raise SettingRefusedError(message, f"add revision: {_described(type(self), 'revision')}")
        if self.blob is not None and self.model is None and self.hf_config is None:
            message = "`blob` without `model`: the folder's name doesn't determine the architecture"
            raise SettingRefusedError(
                message, "add model, the id of the model with the architecture, such as Qwen/Qwen3-8B"
            )
        if self.weights_gib is not None and self.hf_config is None:
            raise SettingRefusedError("`weights_gib` is only valid with `hf_config`", "leave `weights_gib` out")
        if self.huggingface is not None and self.model is not None:
            raise SettingRefusedError("`model` is only valid with `blob`", "leave `model` out")
        if self.blob is not None and self.gated is not None:
            raise SettingRefusedError("`gated` is only valid with `huggingface`", "leave `gated` out")
        if self.huggingface is not None and self.manifest_sha256 is not None:
            raise SettingRefusedError(
                "`manifest_sha256` is only valid with `blob`", "leave it out: `revision` names every file's content"
            )
        if self.blob is not None and self.revision is not None:
            raise SettingRefusedError("`revision` is only valid with `huggingface`", "leave `revision` out")
        return self

    @property
    def model_id(self) -> str:
        """The id under which the catalog knows the model."""
        return self.huggingface or self.model or self.blob or ""


class UnsafeOption(Section):
    """One option of vLLM that is open in this stack although it is refused otherwise, and why."""

    flag: Annotated[Text, UNKNOWN_NAME] = Field(
        description="an option of `args`, without dashes; a key of it after a dot: kv-events-config.endpoint"
    )
    reason: Annotated[str, pattern(r"[^ \t\r\n]", longest=300), StandIn("recovered")] = Field(
        description="why this stack needs it and who is protected how, 300 characters at most"
    )
    prod: Flag = Field(default=False, description="true where production accepts it too")


class Engine(Section):
    """The vLLM engine; `args` takes any flag of that version, spelled as on its command line without dashes."""

    version: Version = Field(default="0.33.0", description="a vLLM version with three numbers, such as 0.33.0")
    tensor_parallel: Gpus = Field(default=1, description="the number of GPUs that share each layer, 1 to 1024")
    kv_cache_dtype: Text = Field(default="auto", description="the number format of the KV cache, `auto` or `fp8`")
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1, strict=True, allow_inf_nan=False)] | None = Field(
        default=None, description="the share of the device's memory that vLLM takes, above 0 and up to 1, such as 0.92"
    )
    args: Annotated[dict[str, ArgumentValue], Field(max_length=1000)] = Field(
        default_factory=dict,
        description="vLLM flags without dashes, with a boolean, a number, text, a list or a mapping each: "
        "{enable-prefix-caching: true}",
    )
    unsafe: tuple[UnsafeOption, ...] = Field(
        default=(),
        description="options of `args` that are refused unless a reason is given: [{flag: lora-modules, reason: …}]",
    )


Tag = Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=63)]
License = Annotated[str, pattern(r"^[a-z0-9][a-z0-9.+-]*$", longest=60)]


class Resources(Section):
    """What one replica requests of its node beside GPUs; requests and limits are equal."""

    cpu: Annotated[int, Field(ge=1, le=4096, strict=True), StandIn(1)] = Field(description="whole cores, 1 to 4096")
    memory_gib: Annotated[int, Field(ge=1, le=100_000, strict=True), StandIn(1)] = Field(
        description="whole GiB, 1 to 100000, shared memory included"
    )


class Autoscaling(Section):
    """When a replica is added."""

    requests_per_replica: Annotated[Requests, StandIn(1)] = Field(
        description="the waiting plus running requests that one replica should carry, 1 to 1 million"
    )


class ModelSettings(Section):
    """One served model; its name is what clients put into `model`."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=40), StandIn("zz{index}")] = Field(
        description="what clients put into `model`: lower-case letters, digits and single dashes, 40 at most"
    )
    source: Annotated[Source, StandIn({"huggingface": "zz/recovered", "revision": "0" * 40})] = Field(
        description="where the weights come from: {huggingface: Qwen/Qwen3-8B, revision: COMMIT}"
    )
    pool: Annotated[Text | Annotated[tuple[Text, ...], Field(min_length=1, max_length=2)], UNKNOWN_NAME] = Field(
        description="the name of a pool, `auto` for the cheapest that runs the model and has room, or [floor, burst]: "
        "`min` replicas on the first, the rest on the second"
    )
    slice: Text | None = Field(
        default=None,
        description="the MIG profile of one replica, such as 3g.47gb; needed where the pool has several kinds",
    )
    tolerates: tuple[Text, ...] = Field(
        default=(),
        max_length=100,
        description="a list of the keys of its pools' `taints`; GPU and spot taints are always tolerated",
    )
    context: Annotated[Tokens, StandIn(1)] = Field(
        description="the longest request in tokens, prompt and answer together, 1 to 100 million"
    )
    concurrency: Requests = Field(default=1, description="the number of requests that must fit at once, 1 to 1 million")
    typical_tokens: Tokens | None = Field(
        default=None, description="the tokens of a typical request, if `concurrency` isn't meant at full context"
    )
    replicas: Range = Field(
        description="the fewest and the most replicas, such as {min: 1, max: 2}; autoscaled where they differ"
    )
    autoscaling: Autoscaling | None = Field(
        default=None,
        description="when a replica is added: {requests_per_replica: 8}; without it one per `concurrency` requests",
    )
    tags: tuple[Tag, ...] = Field(
        default=(),
        max_length=20,
        description="tags by which tenants may use it (`tenants[].tags`), such as [internal]: lower-case letters, "
        "digits and single dashes",
    )
    license: License | Annotated[tuple[License, ...], Field(min_length=1, max_length=20)] | None = Field(
        default=None,
        description="the licence of the weights by its identifier on Hugging Face, such as apache-2.0 or llama3.3; a "
        "list where adapters or a draft have others. Policies judge it",
    )
    safety: Text | None = Field(
        default=None, description="the name of a policy of `safety.policies` that judges its prompts and answers"
    )
    engine: Engine = Field(
        default_factory=Engine, description="the vLLM version and its settings: {version: 0.33.0, …}"
    )
    resources: Resources | None = Field(
        default=None,
        description="what a replica requests of its node: {cpu: 16, memory_gib: 64}; without it its GPUs' share",
    )
    expected: Expected | None = Field(
        default=None,
        description="what one busy replica carries, for the cost of tokens: {input_tokens_per_second: 4000, "
        "output_tokens_per_second: 900, instead_of: …}",
    )
    fallback: Fallback | None = Field(
        default=None,
        description="a managed model that answers what ours can't: {url: https://api.openai.com/v1, model: …, "
        "key_secret: …}",
    )
    slo: Objectives | None = Field(
        default=None,
        description="what clients are promised over 30 days: {availability: 0.999, ttft_p95_seconds: 2.5, itl_p95_ms: "
        "75}, each part optional; alerts fire when its error budget is used up too fast",
    )
    measured: Measured | None = Field(
        default=None,
        description="memory as this server's log has it, in place of estimates: the line that `llm-platform fit "
        "--check-log FILE` prints",
    )
    profiling: Flag = Field(
        default=False,
        description="`true`: `llm-platform profile STACK MODEL` can record what a replica's GPU and CPU do",
    )
    start_minutes: Annotated[int, Field(ge=5, le=120, strict=True)] = Field(
        default=30, description="the minutes, 5 to 120, that a replica may load and compile before it is restarted"
    )
    drain_seconds: Annotated[int, Field(ge=10, le=7200, strict=True)] | None = Field(
        default=None,
        description="the seconds, 10 to 7200, in which running requests may finish when a replica stops; without it "
        "`gateway.request_timeout_seconds`",
    )

    @property
    def pools(self) -> tuple[str, ...]:
        """The pool, or floor and burst."""
        return (self.pool,) if isinstance(self.pool, str) else self.pool
