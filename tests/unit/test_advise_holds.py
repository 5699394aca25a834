"""Whatever is seen: an advised stack is accepted, has no error or warning more, and is not advised back."""

from typing import Any

from advice_worlds import DEV, seen, stack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planning_stacks import ROOT
from test_advise import ALONE, GUESSING, ON_DEMAND, PROMISED, SHARED

from advising.advice import Advice, Report
from advising.advise import advise
from advising.changes import Stack
from planning.plan import Plan

EXAMPLES = [
    (ROOT / "examples" / f"{name}.yaml").read_text("utf-8") for name in ("h100-tensor-parallel", "a100-mixed-mig")
]
TEXTS = (DEV, ALONE, GUESSING, PROMISED, SHARED, ON_DEMAND, *EXAMPLES)
# What undoes what.
OPPOSITE = {
    "KV-UNUSED": {"KV-PRESSURE"}, "KV-PRESSURE": {"KV-UNUSED", "REPLICAS-IDLE"},
    "BATCH-UNUSED": {"BATCH-FULL"}, "BATCH-FULL": {"BATCH-UNUSED"},
    "REPLICAS-IDLE": {"COLD-STARTS", "KV-PRESSURE"}, "COLD-STARTS": {"REPLICAS-IDLE"},
    "SLO-MISSED": {"SLO-EXCEEDED", "REPLICAS-IDLE"}, "SLO-EXCEEDED": {"SLO-MISSED"},
    "SPOT-LOST": {"SPOT-POSSIBLE"}, "SPOT-POSSIBLE": {"SPOT-LOST"},
    "NODES-IDLE": set(), "CONTEXT-UNUSED": set(), "SPECULATION-LOW": set(), "MODEL-IDLE": {"COLD-STARTS"},
    "PREFIX-UNUSED": set(),
}  # fmt: skip
SHARES = st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.97, 1.0])
WORLDS = st.fixed_dictionaries(
    {
        "kv_peak": SHARES, "waiting_share": SHARES, "gpus_busy": SHARES,
        "preemptions": st.sampled_from([0, 5_000]), "prefix_hits": st.sampled_from([0, 2_000_000]),
        "load_peak": st.sampled_from([1, 5, 9, 40, 1000]), "batch_peak": st.sampled_from([1, 12, 64, 256, 1024]),
        "nodes_busy_peak": st.sampled_from([0, 1, 2, 9]), "replicas_mean": st.sampled_from([1, 2.5]),
        "wakings": st.sampled_from([0, 60]), "nodes_different": st.sampled_from([1, 40]),
        "prompt_tokens": st.sampled_from([200.0, 2000.0, 20000.0]).map(lambda most: ((str(most), 5e4), ("+Inf", 5e4))),
        "first_token": st.sampled_from([0.1, 0.5, 2.5, 5.0]).map(lambda most: ((str(most), 5e4), ("+Inf", 5e4))),
        "between_tokens": st.sampled_from([0.01, 0.05, 0.1]).map(lambda most: ((str(most), 5e4), ("+Inf", 5e4))),
    }
)  # fmt: skip


def _report(found: Stack, world: dict[str, Any]) -> Report:
    return advise(found, seen(found.plan, world))


def _applied(before: Stack, advice: Advice) -> Stack:
    """The stack with the changed lines, as `patch` would make it of what is shown."""
    lines, made, at = before.text.splitlines(), [], 0
    for line in advice.difference.splitlines():
        if line.startswith("@@"):
            start = int(line.split()[1].removeprefix("-").partition(",")[0]) - 1
            made += lines[at:start]
            at = start
        elif line.startswith("+"):
            made.append(line[1:])
        else:
            assert lines[at] == line[1:]
            made += [line[1:]] * line.startswith(" ")
            at += 1
    return stack("\n".join([*made, *lines[at:], ""]))


def _scaled(world: dict[str, Any], before: Plan, after: Plan) -> dict[str, Any]:
    """What would be seen of the same requests afterwards: memory, waiting and times as the changed plan has them.

    Load that is spread over more replicas is less for each; a larger cache is emptier, a smaller one fuller.
    """
    scaled = dict(world)
    for old, new in zip(before.models, after.models, strict=True):
        tokens = old.releases[0].memory.kv_tokens / max(1, new.releases[0].memory.kv_tokens)
        spread = old.max_replicas / new.max_replicas
        more = tokens * spread < 1
        scaled[f"kv_peak/{new.name}"] = min(1.0, world["kv_peak"] * tokens * spread)
        waits = world["waiting_share"] if not more else 0.0
        scaled[f"waiting_share/{new.name}"] = waits
        scaled[f"preemptions/{new.name}"] = world["preemptions"] if not more else 0
    for old, new in zip(before.dashboards.models, after.dashboards.models, strict=True):
        if new.sequences > old.sequences:
            scaled[f"batch_peak/{new.name}"] = max(world["batch_peak"], old.sequences)
            scaled[f"waiting_share/{new.name}"] = 0.0
    return scaled


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.sampled_from(TEXTS), world=WORLDS)
def test_an_advised_stack_holds_and_is_not_advised_back(text: str, world: dict[str, Any]) -> None:
    before = stack(text)
    known = {(each.severity, each.rule, each.path) for each in before.found.findings}
    for advice in _report(before, world).advice:
        assert (advice.refused is None) == bool(advice.difference)
        if advice.refused is not None:
            continue
        after = _applied(before, advice)
        worse = {(each.severity, each.rule, each.path) for each in after.found.findings if each.severity != "info"}
        assert worse <= known
        again = _report(after, _scaled(world, before.plan, after.plan))
        path = advice.path.partition(".")[0]
        kinds = {each.kind for each in again.advice if each.refused is None and each.path.startswith(path)}
        assert not kinds & OPPOSITE[advice.kind], (advice.kind, kinds)


def test_the_same_data_give_the_same_advice() -> None:
    found = stack(ALONE)
    world = {"kv_peak": 0.05, "load_peak": 5, "gpus_busy": 0.1, "nodes_busy_peak": 1}
    assert _report(found, world) == _report(found, world)
