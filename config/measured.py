"""What a server's own start-up log says of its memory, kept in the stack file in place of an estimate."""

from typing import Annotated

from pydantic import Field

from config.base import Flag, Gib, Gpus, Requests, Section, StandIn, Text, Tokens, Version


class Measured(Section):
    """Memory of one GPU or slice as a log of vLLM has it, and what it was measured with."""

    gpu: Annotated[Text, StandIn("H100-NVL-94")] = Field(
        description="the GPU of the catalog that it was measured on, such as H100-NVL-94"
    )
    slice: Text | None = Field(default=None, description="the MIG profile, where it was measured on one: 3g.47gb")
    version: Annotated[Version, StandIn("0.33.0")] = Field(
        description="the vLLM version that wrote the log, such as 0.33.0"
    )
    weights_gib: Annotated[Gib, Field(gt=0), StandIn(1.0)] = Field(
        description="the GiB of weights on one GPU: `Model loading took …`"
    )
    overhead_gib: Annotated[Gib, StandIn(0.0)] = Field(
        description="the GiB on one GPU besides weights and KV cache: the budget less both, as `fit --check-log` says"
    )
    tensor_parallel: Gpus = Field(default=1, description="the number of GPUs that shared each layer, from 1")
    batched_tokens: Annotated[Tokens, StandIn(1)] = Field(description="`max_num_batched_tokens` in force, from 1")
    sequences: Annotated[Requests, StandIn(1)] = Field(description="`max_num_seqs` in force, from 1")
    eager: Flag = Field(default=False, description="whether it ran with `enforce-eager`")
    expert_parallel: Flag = Field(default=False, description="whether it ran with `enable-expert-parallel`")
    drafted_tokens: Annotated[int, Field(ge=0, le=1000, strict=True)] = Field(
        default=0, description="the tokens that speculative decoding drafted, 0 without"
    )
    max_loras: Annotated[int, Field(ge=0, strict=True)] = Field(
        default=0, description="`max-loras`, the adapters on the GPU at once, 0 without"
    )
    max_lora_rank: Annotated[int, Field(ge=0, strict=True)] = Field(
        default=0, description="`max-lora-rank`, 0 without adapters"
    )
