"""The report of `fit --check-log`: each figure of a log beside ours, and what to keep of it for a stack."""

import json as json_text
from collections.abc import Iterator, Mapping
from typing import Any

import catalog
from planning.fit import Answer, Question, Refusal, answer
from planning.gpus.capacity import gpu_memory_gib
from planning.memory import arithmetic
from planning.startup_log import comparing, reading

# GiB by which the total in a log may differ from that of a GPU of the catalog.
_SAME_DEVICE_GIB = 0.2


def report(text: str, given: Mapping[str, Any], facts: catalog.Catalog, *, json: bool) -> list[Refusal] | None:
    """Print the comparison of a log with the ledger for the same settings, or return what prevents it.

    `given` are fields of a question that the command line sets; the others are the log's.
    """
    log = reading.read(text)
    if log.empty:
        return [Refusal("check_log", "has no line about memory", "give vLLM's whole output from its start")]
    settings = {**comparing.settings_of(log), **given}
    missing = [] if "model" in settings else list(_model(log, facts, settings))
    missing += [] if "gpu" in settings else list(_gpu(log, facts, settings))
    if missing:
        return missing
    if log.weights_gib is not None and "config" in settings and "weights_gib" not in settings:
        settings["weights_gib"] = log.checkpoint_gib or log.weights_gib * settings.get("tensor_parallel", 1)
    found = answer(Question(**settings), facts)
    if not isinstance(found, Answer):
        return list(found)
    compute = arithmetic(facts.vllm(found.version))
    if compute is None:
        return [Refusal("version", f"vLLM {found.version} has no memory arithmetic", "use another version")]
    compared = comparing.compare(
        log, found.ledger, found.model, facts.overheads, compute, catalog.version_differences()
    )
    print(json_text.dumps(_document(compared, found), indent=2) if json else "\n".join(_lines(compared, found, log)))
    return None


def _model(log: reading.StartupLog, facts: catalog.Catalog, settings: dict[str, Any]) -> Iterator[Refusal]:
    name = str(log.settings.get("model") or log.settings.get("model_tag") or "")
    if name in facts.models:
        settings["model"] = name
        return
    message = f"the log's model `{name}` is not in the catalog" if name else "the log doesn't name its model"
    yield Refusal("model", message, "give --model with one of the same layers, or --hf-config with its config.json")


def _gpu(log: reading.StartupLog, facts: catalog.Catalog, settings: dict[str, Any]) -> Iterator[Refusal]:
    total = log.device_gib
    near = [
        name
        for name, gpu in facts.gpus.items()
        if total is not None and abs(gpu_memory_gib(gpu) - total) <= _SAME_DEVICE_GIB
    ]
    if len(near) == 1:
        settings["gpu"] = near[0]
        return
    message = "the log doesn't say the total of its GPU" if total is None else f"the log's GPU has {total:g} GiB"
    yield Refusal("gpu", message, f"give it: {' or '.join(near or facts.gpus)}")


def _lines(compared: comparing.Comparison, found: Answer, log: reading.StartupLog) -> Iterator[str]:
    name = found.gpu.name if found.question.mig is None else f"{found.question.mig} of {found.gpu.name}"
    devices = name if found.demand.gpus == 1 else f"{found.demand.gpus} × {name}"
    written = compared.version or "an unknown version"
    yield f"{found.model.id} on {devices}: log of vLLM {written}, ledger of {found.version}"
    yield f"  {'figure':<27}{'log':>14}{'ours':>14}{'':>9}   cause"
    for row in compared.rows:
        logged, planned = _number(row.logged, row.unit), _number(row.planned, row.unit)
        more = "" if row.agrees else f"{row.difference:+.1%}"
        yield f"  {row.figure:<27}{logged:>14}{planned:>14}{more:>9}   {row.cause}".rstrip()
    for reason in found.memory.uncertain:
        yield f"uncertain: {reason}"
    kept = kept_for_a_stack(found, log)
    if kept is not None:
        yield "to plan with this server's own figures, add to the model in the stack file:"
        yield f"  measured: {{{', '.join(f'{key}: {value}' for key, value in kept.items())}}}"


def kept_for_a_stack(found: Answer, log: reading.StartupLog) -> dict[str, Any] | None:
    """The value of `models[].measured` for this log; None where it lacks weights, budget or KV memory."""
    weights, available = log.weights_gib, log.kv_cache_gib
    budget = log.budget_gib or (found.demand.utilization * log.device_gib if log.device_gib else None)
    if weights is None or available is None or found.demand.kv_cache_memory_gib is not None:
        return None
    budget = budget if budget is not None else found.memory.budget_gib
    demand = found.demand
    kept: dict[str, Any] = {
        "gpu": found.gpu.name, **({"slice": found.question.mig} if found.question.mig else {}),
        "version": f"{log.version or found.version}", "weights_gib": weights,
        "overhead_gib": round(max(0.0, budget - weights - available), 2), "tensor_parallel": demand.tensor_parallel,
        "batched_tokens": demand.batched_tokens, "sequences": demand.sequences,
    }  # fmt: skip
    if demand.eager:
        kept["eager"] = "true"
    if demand.expert_parallel:
        kept["expert_parallel"] = "true"
    if demand.draft is not None:
        kept["drafted_tokens"] = demand.draft.tokens
    if demand.adapters is not None:
        kept |= {"max_loras": demand.adapters.count, "max_lora_rank": demand.adapters.rank}
    return kept


def _number(value: float, unit: str) -> str:
    if unit == "GiB":
        return f"{value:.2f} GiB"
    return f"{value:.2f}" if unit == "requests" else f"{int(value):,}"


def _document(compared: comparing.Comparison, found: Answer) -> dict[str, Any]:
    rows = [
        {
            "figure": row.figure, "unit": row.unit, "log": row.logged, "ours": row.planned,
            "difference": round(row.difference, 4), "agrees": row.agrees, "cause": row.cause or None,
        }
        for row in compared.rows
    ]  # fmt: skip
    return {
        "model": found.model.id, "gpu": found.gpu.name, "log_version": compared.version, "version": found.version,
        "uncertain": list(found.memory.uncertain), "figures": rows,
    }  # fmt: skip
