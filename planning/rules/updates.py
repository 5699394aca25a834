"""Rules about the finished Plan: how long an update may take."""

from catalog import Catalog
from planning.placement.update_path import Step, duration, update_path
from planning.plan import Plan
from planning.rules.register import Violation, Violations, plan_rule

_SECONDS_PER_HOUR = 3600
_HOLDS = {
    "azurecli": "az login as a person or with a certificate renews its tokens by itself; signed in with a pipeline's "
    "OIDC token it can't: then refresh that during the run",
    "msi": "nothing, as long as the runner's identity signs in for Pulumi as well: it renews its tokens by itself",
    "spn": "nothing, as long as the secret or certificate is valid: it is exchanged again whenever a token ends",
    "workloadidentity": "refresh AZURE_FEDERATED_TOKEN_FILE during the run, or write `msi` for a runner with an "
    "identity of its own",
}


@plan_rule(
    "UP-SIGN-IN",
    "info",
    prevents="A long `pulumi up` in a pipeline ends half-way with AADSTS700024: the token that it signed in with has "
    "expired, and the assertion behind it too.",
    source="Azure/login#372, Azure/login#180",
    reads=("cluster.login", "pools", "models"),
    needs="aks",
)
def sign_in_outlasts_update(plan: Plan, catalog: Catalog) -> Violations:
    """The limits along the longest chain of an update add up to less than the life of a sign-in."""
    steps = update_path(plan)
    if duration(steps) <= catalog.azure.sign_in_minutes * 60:
        return
    login = plan.foundation.cluster.login
    yield Violation(
        "cluster.login",
        f"one `up` may take {_hours(duration(steps))} if every limit is used up ({_listed(steps)}); a token lasts "
        f"{_hours(catalog.azure.sign_in_minutes * 60)}",
        f"{_HOLDS[login]} (docs/operating.md)",
    )


def _listed(steps: tuple[Step, ...]) -> str:
    return ", ".join(f"{step.name} {_hours(step.seconds)}" for step in steps)


def _hours(seconds: int) -> str:
    return f"{seconds / _SECONDS_PER_HOUR:.1f} h"
