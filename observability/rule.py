"""Rules that Prometheus evaluates: an alert, and a recorded query."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from planning.plan import Json

Severity = Literal["critical", "warning", "info"]
# Who acts: whoever runs the cluster and the gateway, the GPU nodes, or a model, or whoever answers for keys and access.
Owner = Literal["platform", "gpus", "models", "security"]


class Alert(Struct, frozen=True, kw_only=True):
    """One alerting rule.

    `summary` says what is wrong, with the alert's labels and value; `impact` what that means for whoever uses the
    platform, in the same words for every alert of the name. `wait` is how long the expression must hold, None for not
    at all; `keep` how long the alert goes on when it no longer does; `labels` tell rules of one name apart. What to do
    is in `docs/runbooks/NAME.md`.
    """

    name: str
    expression: str
    wait: str | None
    severity: Severity
    summary: str
    impact: str
    owner: Owner
    keep: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self, runbooks: str) -> dict[str, Json]:
        """The rule as a PrometheusRule has it; `runbooks` is where the runbooks are, an address or a folder."""
        rule: dict[str, Json] = {
            "alert": self.name,
            "expr": self.expression,
            "labels": {"severity": self.severity, "owner": self.owner, **self.labels},
            "annotations": {
                "summary": self.summary,
                "impact": self.impact,
                "runbook_url": f"{runbooks}/{self.name}.md",
            },
        }
        if self.wait is not None:
            rule["for"] = self.wait
        if self.keep is not None:
            rule["keep_firing_for"] = self.keep
        return rule


class Recording(Struct, frozen=True, kw_only=True):
    """One recording rule: the result of a query under a name of its own, `level:metric:operations`.

    `labels` are added to those of the result.
    """

    name: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def rule(self) -> dict[str, Json]:
        """The rule as a PrometheusRule has it."""
        labelled: dict[str, Json] = {"labels": dict(self.labels)} if self.labels else {}
        return {"record": self.name, "expr": self.expression, **labelled}
