"""One alerting rule."""

from typing import Literal

from msgspec import Struct

from planning.plan import Json


class Alert(Struct, frozen=True, kw_only=True):
    """One alerting rule; `wait` is how long the expression must hold, None for not at all."""

    name: str
    expression: str
    wait: str | None
    severity: Literal["critical", "warning", "info"]
    summary: str

    def rule(self) -> dict[str, Json]:
        """The rule as a PrometheusRule has it."""
        rule: dict[str, Json] = {
            "alert": self.name,
            "expr": self.expression,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary},
        }
        if self.wait is not None:
            rule["for"] = self.wait
        return rule
