"""The dashboard of the models: how fast they answer, how much they carry, and what of their memory is used."""

from observability.dashboards.board import Board, Limit, Panel, Query, Section
from observability.dashboards.selecting import model_choice, of_models, per_second, quantiles
from planning.plan import DashboardsPlan, metrics

# The alert KVCacheSaturated's, and where the engine soon waits or preempts.
_KV_FULL, _KV_HIGH = 0.95, 0.85


def models_board(plan: DashboardsPlan) -> Board:
    """The dashboard of a stack's models; acceptance of guessed tokens only where a model guesses."""
    sections = [_times(plan), _throughput(plan), _load(plan), _memory(plan), _requests(plan)]
    if any(model.speculates for model in plan.models):
        sections.append(_speculation(plan))
    return Board(
        uid="llm-model",
        title="LLM models",
        description="How each model answers, as vLLM measures it.",
        choices=(model_choice(plan),),
        sections=tuple(sections),
    )


def _histogram(plan: DashboardsPlan, metric: str) -> tuple[Query, ...]:
    return quantiles(of_models(plan, f"{metric}_bucket"), "model_name")


def _mean(plan: DashboardsPlan, metric: str, legend: str) -> Query:
    """Mean of a histogram: of those that have no use for quantiles."""
    total, count = (per_second(of_models(plan, f"{metric}_{part}"), "model_name") for part in ("sum", "count"))
    return Query(f"{total} / {count}", f"{legend} {{{{model_name}}}}")


def _times(plan: DashboardsPlan) -> Section:
    return Section(
        "Response times",
        (
            Panel(
                title="Time to first token",
                description="From a request's arrival at vLLM to its first token, queue included. The red line is the "
                f"limit of the alert FirstTokenSlow, on the 95th percentile: {plan.first_token_seconds:g} s.",
                unit="s",
                queries=quantiles(of_models(plan, metrics.VLLM_FIRST_TOKEN_BUCKET), "model_name"),
                limits=(Limit(plan.first_token_seconds),),
            ),
            Panel(
                title="Time between tokens",
                description="From one token of an answer to the next (ITL): what a reader sees as its speed.",
                unit="s",
                queries=_histogram(plan, metrics.VLLM_INTER_TOKEN),
            ),
            Panel(
                title="Time of whole requests",
                description="From a request's arrival at vLLM to its last token: it grows with the answer's length.",
                unit="s",
                queries=_histogram(plan, "vllm:e2e_request_latency_seconds"),
            ),
            Panel(
                title="Where the time goes",
                description="Mean time of a request in the queue, reading its prompt (prefill) and writing its answer "
                "(decode). A long queue asks for replicas, a long prefill for shorter prompts or prefix caching.",
                unit="s",
                queries=(
                    _mean(plan, "vllm:request_queue_time_seconds", "queue"),
                    _mean(plan, "vllm:request_prefill_time_seconds", "prefill"),
                    _mean(plan, "vllm:request_decode_time_seconds", "decode"),
                ),
                width=12,
            ),
            Panel(
                title="Time in the queue",
                description="How long requests wait before the engine begins with them.",
                unit="s",
                queries=_histogram(plan, "vllm:request_queue_time_seconds"),
                width=12,
            ),
        ),
    )


def _throughput(plan: DashboardsPlan) -> Section:
    return Section(
        "Throughput",
        (
            Panel(
                title="Tokens",
                description="Tokens of prompts that are read, and tokens that are written, of all replicas together.",
                unit="short",
                queries=(
                    Query(
                        per_second(of_models(plan, metrics.VLLM_PROMPT_TOKENS), "model_name"), "prompt {{model_name}}"
                    ),
                    Query(
                        per_second(of_models(plan, metrics.VLLM_GENERATED_TOKENS), "model_name"),
                        "written {{model_name}}",
                    ),
                ),
            ),
            Panel(
                title="Requests by how they ended",
                description="stop: the model ended its answer. length: the limit of tokens or the context did. abort: "
                "the client went away. error: the engine failed. repetition: it repeated itself.",
                unit="reqps",
                queries=(
                    Query(
                        per_second(of_models(plan, metrics.VLLM_REQUESTS), "model_name", "finished_reason"),
                        "{{finished_reason}} {{model_name}}",
                    ),
                ),
                kind="stacked",
            ),
            Panel(
                title="Tokens of one step",
                description="Tokens that the engine computes in one step (batch): the more, the better a GPU is used.",
                unit="short",
                queries=quantiles(of_models(plan, "vllm:iteration_tokens_total_bucket"), "model_name", at=(0.5, 0.95)),
            ),
        ),
    )


def _load(plan: DashboardsPlan) -> Section:
    most = max(model.sequences for model in plan.models)
    return Section(
        "Load",
        (
            Panel(
                title="Requests that wait",
                description=f"The red line is the limit of the alert RequestsWaiting: {plan.waiting_requests}.",
                unit="short",
                queries=(
                    Query(f"sum by (model_name) ({of_models(plan, metrics.VLLM_REQUESTS_WAITING)})", "{{model_name}}"),
                ),
                limits=(Limit(plan.waiting_requests),),
            ),
            Panel(
                title="Requests that are computed, by replica",
                description="Requests in one replica's batch. The most are max-num-seqs: "
                + ", ".join(f"{model.sequences} of {model.name}" for model in plan.models)
                + ".",
                unit="short",
                queries=(
                    Query(
                        f"sum by (model_name, pod) ({of_models(plan, metrics.VLLM_REQUESTS_RUNNING)})",
                        "{{model_name}} {{pod}}",
                    ),
                ),
                limits=(Limit(most),),
            ),
            Panel(
                title="Why requests wait",
                description="capacity: for room in the batch or the KV cache. deferred: for something that passes, "
                "such as an adapter or blocks from another node.",
                unit="short",
                queries=(
                    Query(
                        f"sum by (model_name, reason) ({of_models(plan, 'vllm:num_requests_waiting_by_reason')})",
                        "{{reason}} {{model_name}}",
                    ),
                ),
                kind="stacked",
            ),
        ),
    )


def _memory(plan: DashboardsPlan) -> Section:
    hits, queries = (
        per_second(of_models(plan, f"vllm:prefix_cache_{part}_total"), "model_name") for part in ("hits", "queries")
    )
    return Section(
        "KV cache",
        (
            Panel(
                title="KV cache in use, by replica",
                description="Full, requests wait or are preempted: more replicas, a shorter context, or "
                "kv_cache_dtype: fp8. The red line is the limit of the alert KVCacheSaturated.",
                unit="percentunit",
                queries=(
                    Query(
                        f"max by (model_name, pod) ({of_models(plan, metrics.VLLM_KV_CACHE_USAGE)})",
                        "{{model_name}} {{pod}}",
                    ),
                ),
                limits=(Limit(_KV_HIGH, "orange"), Limit(_KV_FULL)),
                maximum=1,
            ),
            Panel(
                title="Preempted requests",
                description="Requests that the engine set aside for want of KV cache, and computes again: lower "
                "max-num-seqs, or more memory.",
                unit="reqps",
                queries=(
                    Query(
                        per_second(of_models(plan, metrics.VLLM_PREEMPTIONS), "model_name", "pod"),
                        "{{model_name}} {{pod}}",
                    ),
                ),
                limits=(Limit(0.1),),
            ),
            Panel(
                title="Prompt tokens found in the cache",
                description="Share of prompts' tokens that were computed before, for requests with the same beginning "
                "(prefix caching). Nothing is drawn while there are no requests.",
                unit="percentunit",
                queries=(Query(f"{hits} / {queries}", "{{model_name}}"),),
                maximum=1,
            ),
        ),
    )


def _requests(plan: DashboardsPlan) -> Section:
    contexts = ", ".join(f"{model.context} of {model.name}" for model in plan.models)
    return Section(
        "Requests",
        (
            Panel(
                title="Length of prompts",
                description=f"Tokens of a prompt. The longest request, prompt and answer, is the context: {contexts}.",
                unit="short",
                queries=_histogram(plan, "vllm:request_prompt_tokens"),
                limits=(Limit(max(model.context for model in plan.models)),),
            ),
            Panel(
                title="Length of answers",
                description="Tokens that are written for a request.",
                unit="short",
                queries=_histogram(plan, "vllm:request_generation_tokens"),
            ),
            Panel(
                title="Requests that vLLM refuses",
                description="Refused at once because its queue is full, by requests or by tokens.",
                unit="reqps",
                queries=(
                    Query(
                        per_second(of_models(plan, metrics.VLLM_REJECTIONS), "model_name", "reason"),
                        "{{reason}} {{model_name}}",
                    ),
                ),
            ),
        ),
    )


def _speculation(plan: DashboardsPlan) -> Section:
    accepted, drafted, drafts = (
        per_second(of_models(plan, f"vllm:spec_decode_num_{part}_total"), "model_name")
        for part in ("accepted_tokens", "draft_tokens", "drafts")
    )
    by_position = per_second(
        of_models(plan, "vllm:spec_decode_num_accepted_tokens_per_pos_total"), "model_name", "position"
    )
    return Section(
        "Speculative decoding",
        (
            Panel(
                title="Guessed tokens that are accepted",
                description="Share of the tokens guessed ahead that the model itself would have written. Low, guessing "
                "costs more than it gains.",
                unit="percentunit",
                queries=(Query(f"{accepted} / {drafted}", "{{model_name}}"),),
                maximum=1,
            ),
            Panel(
                title="Tokens of one step, guessed ones included",
                description="Mean length that a step writes: one token of its own and those that are accepted.",
                unit="short",
                queries=(Query(f"1 + {accepted} / {drafts}", "{{model_name}}"),),
            ),
            Panel(
                title="Accepted tokens by position",
                description="How often the first, second, … guessed token is accepted: positions that rarely are "
                "can be left out (num_speculative_tokens).",
                unit="short",
                queries=(Query(by_position, "{{position}} {{model_name}}"),),
            ),
        ),
    )
