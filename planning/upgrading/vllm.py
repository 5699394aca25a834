"""What is known of a move from one version of vLLM to another."""

from catalog import Catalog, version_differences
from planning.memory.versions import verified_versions
from planning.resolving.versions import numbers
from planning.upgrading.pins import numbers_in
from planning.upgrading.reasons import Reason


def vllm_reasons(catalog: Catalog, current: str, target: str) -> list[Reason]:
    """The verdict on a move of vLLM, at least one reason; versions have three numbers.

    A version of the catalog is checked against each model: its options, its memory and its driver. Whether it answers
    as the one before is known to nobody but its users.
    """
    before, after = numbers_in(current) or (), numbers_in(target) or ()
    if after < before:
        return [Reason("unknown", "no record of a move back to an earlier version")]
    if target not in catalog.vllm_versions:
        return [
            Reason(
                "unknown",
                f"the catalog has no vLLM {target}: its options and its memory are not known",
                "add it: docs/adding-a-vllm-version.md",
            )
        ]
    facts = catalog.vllm(target)
    if target not in verified_versions(catalog):
        return [
            Reason(
                "unknown",
                f"the memory arithmetic of vLLM {target} has not been compared with vLLM's own",
                "compare it: docs/adding-a-vllm-version.md",
                facts.source,
                facts.as_of,
            )
        ]
    checked = Reason(
        "manual",
        "its options, memory and driver are checked for every model, its answers are not",
        "compare its answers in a stack that nobody depends on, then `llm-platform promote`",
        facts.source,
        facts.as_of,
    )
    between = (each for each in version_differences() if before[:2] < numbers(each.before) <= after[:2])
    return [checked, *(Reason("safe", f"before {each.before} {each.words}", source=each.source) for each in between)]
