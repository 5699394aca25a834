"""Rules about the buckets of a server's histograms, by which alerts and objectives are counted."""

from config.wording import nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.buckets import FIRST_TOKEN, INTER_TOKEN, OPTION, REQUEST, replaced_buckets, replacing, rising

_ALERTS = "observability.alerts"
_LONGEST = "gateway.request_timeout_seconds"


@release_rule(
    "ENGINE-BUCKETS",
    "error",
    prevents="vLLM exits at start: `unknown bucket family`, or bounds that don't rise.",
    source="vLLM 0.33 vllm/config/observability.py, vllm/v1/metrics/buckets.py",
    model=("engine.version", "engine.args"),
)
def vllm_takes_the_buckets(_: Resolution, release: ReleaseView) -> Violations:
    """Buckets that replace vLLM's are of a family that it has, and rise."""
    vllm = release.vllm
    for family, bounds in replacing(release.options).items() if vllm is not None else ():
        path = f"{release.options.path_of(OPTION)}.{family}"
        if vllm is not None and family not in vllm.bucket_families:
            message = f"`{family}` is not a family of histograms of vLLM {vllm.version}"
            yield Violation(path, message, nearest(str(family), vllm.bucket_families))
        elif not rising(bounds):
            message = f"{bounds} are no upper bounds: positive numbers, each above the one before"
            yield Violation(path, message, "write such as [0.1, 0.5, 1, 5], or leave it out")


@release_rule(
    "ALERT-BUCKETS",
    "error",
    prevents="Answers are far too slow, and nobody is notified: a percentile is never above the last bucket, so "
    "the alert can't fire.",
    source="https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile",
    reads=(_ALERTS, _LONGEST),
    model=("engine.version", "engine.args"),
)
def alerts_see_beyond_their_limit(stack: Resolution, release: ReleaseView) -> Violations:
    """Buckets that replace vLLM's reach beyond the limits of the alerts that are counted by them."""
    alerts, longest = stack.settings.observability.alerts, stack.settings.gateway.request_timeout_seconds
    found = replaced_buckets(release.options)
    for family, key, seconds in (
        (FIRST_TOKEN, f"{_ALERTS}.first_token_seconds", alerts.first_token_seconds),
        (INTER_TOKEN, f"{_ALERTS}.next_token_seconds", alerts.next_token_seconds),
        (REQUEST, _LONGEST, longest),
    ):
        bounds = found.get(family)
        if bounds is not None and bounds[-1] <= seconds:
            yield Violation(
                f"{release.options.path_of(OPTION)}.{family}",
                f"the last bucket ends at {bounds[-1]:g} s, and {key} is {seconds:g}: a percentile is never above it",
                f"add a bound above {seconds:g}, or leave `{family}` out",
            )
