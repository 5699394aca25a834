"""Models: what is served, from which weights, on which pool, how many at once and with which vLLM arguments."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from config.base import Commit, Flag, Positive, Range, Section, Text, Version, pattern

# Options that take JSON may be written as YAML mappings or lists.
ArgumentValue = (
    Flag | Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)] | Text | dict[str, Any] | list[Any]
)


class Source(Section):
    """Where the weights come from: a Hugging Face commit, or a folder of the platform's model store."""

    huggingface: Annotated[str, pattern(r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")] | None = Field(
        default=None, description="Model id on Hugging Face."
    )
    revision: Commit | None = Field(default=None, description="Commit of the Hugging Face repository.")
    blob: Annotated[str, pattern(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)*$")] | None = Field(
        default=None, description="Folder in the model store's container `weights`."
    )
    model: Text | None = Field(default=None, description="With `blob`: the model's id, which tells its architecture.")

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if (self.huggingface is None) == (self.blob is None):
            message = "give exactly one of `huggingface` (with `revision`) and `blob` (with `model`)"
            raise ValueError(message)
        if self.huggingface is not None and self.revision is None:
            message = "`huggingface` needs `revision`, a 40 digit commit: a branch can change under a running service"
            raise ValueError(message)
        if self.blob is not None and self.model is None:
            message = "`blob` needs `model`, the id that tells the architecture, such as Qwen/Qwen3-8B"
            raise ValueError(message)
        if (self.huggingface is not None and self.model) or (self.blob is not None and self.revision):
            message = "`revision` belongs to `huggingface`, `model` to `blob`"
            raise ValueError(message)
        return self

    @property
    def model_id(self) -> str:
        """The id under which the catalog knows the model."""
        return self.huggingface or self.model or ""


class Engine(Section):
    """The vLLM engine; `args` takes any flag of that version, spelled as on its command line without dashes."""

    version: Version = Field(default="0.33.0", description="vLLM release.")
    tensor_parallel: Positive = Field(default=1, description="GPUs that share each layer.")
    kv_cache_dtype: Text = Field(default="auto", description="Number format of the KV cache.")
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Share of the device's memory that vLLM takes. Default: vLLM's own."
    )
    args: dict[str, ArgumentValue] = Field(default_factory=dict, description="More vLLM flags.")


class Resources(Section):
    """What one replica asks of its node beside GPUs; requests and limits are equal."""

    cpu: Positive = Field(description="Cores.")
    memory_gib: Positive = Field(description="GiB, shared memory included.")


class Autoscaling(Section):
    """When a replica is added."""

    requests_per_replica: Positive = Field(description="Waiting plus running requests that one replica should carry.")


class Model(Section):
    """One served model; its name is what clients put into `model`."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=40)]
    source: Source
    pool: Text | Annotated[tuple[Text, ...], Field(min_length=1, max_length=2)] = Field(
        description="Pool of every replica, or [floor, burst]: `min` replicas on the first, the rest on the second."
    )
    slice: Text | None = Field(default=None, description="MIG profile; needed where the pool has several kinds.")
    tolerates: tuple[Text, ...] = Field(
        default=(), description="Keys of more taints that its pools carry; GPU and spot taints are understood."
    )
    context: Positive = Field(description="Longest request in tokens, prompt and answer together.")
    concurrency: Positive = Field(default=1, description="Requests that must fit at once.")
    typical_tokens: Positive | None = Field(
        default=None, description="Tokens of a typical request, if `concurrency` isn't meant at full context."
    )
    replicas: Range = Field(description="Replicas; autoscaled where max is above min.")
    autoscaling: Autoscaling | None = Field(
        default=None, description="Default: a replica per `concurrency` waiting and running requests."
    )
    engine: Engine = Field(default_factory=Engine)
    resources: Resources | None = Field(
        default=None, description="Default: the share of the node that goes with the GPUs that a replica takes."
    )
    start_minutes: Annotated[int, Field(ge=5, le=120, strict=True)] = Field(
        default=30, description="How long a replica may load and compile before it is restarted."
    )
    drain_seconds: Annotated[int, Field(ge=10, le=1800, strict=True)] = Field(
        default=120, description="How long running requests may finish when a replica stops."
    )

    @property
    def pools(self) -> tuple[str, ...]:
        """The pool, or floor and burst."""
        return (self.pool,) if isinstance(self.pool, str) else self.pool
