"""All dashboards of a stack."""

from observability.dashboards.autoscaling import autoscaling_board
from observability.dashboards.board import Board
from observability.dashboards.costs import costs_board
from observability.dashboards.gpus import gpus_board
from observability.dashboards.models import models_board
from observability.dashboards.objectives import objectives_board
from observability.dashboards.platform import platform_board
from observability.dashboards.recorded_costs import recorded_costs_board
from observability.dashboards.tenants import tenants_board
from planning.plan import DashboardsPlan


def boards(plan: DashboardsPlan) -> tuple[Board, ...]:
    """The dashboards, the one to look at first first; that of objectives only where a model promises something."""
    return (
        platform_board(plan),
        models_board(plan),
        gpus_board(plan),
        tenants_board(plan),
        autoscaling_board(plan),
        *((objectives_board(plan),) if plan.objectives else ()),
        costs_board(plan) if plan.costs is None else recorded_costs_board(plan.costs),
    )
