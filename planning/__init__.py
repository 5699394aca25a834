"""What follows from the stack file and the catalog: pure functions that end in one frozen Plan, or in findings."""

from planning.plan import ModelPlan, Plan
from planning.planner import (
    Planned,
    RejectedError,
    assess,
    decide,
    plan_stack,
)

__all__ = ["ModelPlan", "Plan", "Planned", "RejectedError", "assess", "decide", "plan_stack"]
