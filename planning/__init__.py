"""What follows from the stack file and the catalog: pure functions that end in one frozen Plan, or in findings.

The names below are imported when they are first used: `fit` needs the memory arithmetic alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planning.plan import ModelPlan, Plan
    from planning.planner import Planned, RejectedError, assess, decide, plan_stack

__all__ = ["ModelPlan", "Plan", "Planned", "RejectedError", "assess", "decide", "plan_stack"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module("planning.plan" if name in {"ModelPlan", "Plan"} else "planning.planner"), name)
