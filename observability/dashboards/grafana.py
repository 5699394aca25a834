"""A dashboard as Grafana's JSON, by grafana-foundation-sdk: the only place that knows Grafana's format.

The data source is a variable of each dashboard, so that it may be imported anywhere: Grafana fills in its default one.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as schema
from grafana_foundation_sdk.models import prometheus as prometheus_schema

from observability.dashboards.board import Board, Choice, Panel, Query, Section
from observability.dashboards.selecting import in_namespace
from planning.plan import DashboardsPlan

_TAG = "llm-platform"
_SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_COLUMNS, _HEIGHT, _STAT_HEIGHT = 24, 8, 5
_MOST_IN_A_ROW, _USUAL_IN_A_ROW = 4, 3
# Of a table's columns: what Grafana names them by itself, and labels.
_COLUMN_NAMES = {
    "Field": "Series",
    "Last *": "Value",
    "alertname": "Alert",
    "severity": "Severity",
    "customresource_kind": "Kind",
    "name": "Name",
    "condition": "Condition",
    "deployment": "Deployment",
    "tenant": "Tenant",
    "gen_ai_original_model": "Model",
    "gen_ai_token_type": "Tokens",
}
# Grafana gives each 150 points, by which the last of four is out of sight in a third of the width.
_COLUMN_POINTS = 80
_Builder = timeseries.Panel | stat.Panel | table.Panel


def grafana_json(board: Board, plan: DashboardsPlan, source: str | None = None) -> str:
    """A dashboard's JSON, the same for the same plan.

    `source` is the name of the one data source that it may ask; None for any of Prometheus' type, the default first.
    """
    built = dashboard.Dashboard(board.title).uid(board.uid).description(board.description).tags([_TAG])
    built.time(f"now-{board.hours}h", "now").timezone("browser").refresh("1m").readonly()
    built.tooltip(schema.DashboardCursorSync.CROSSHAIR)
    built.with_variable(_data_source(source))
    for choice in board.choices:
        built.with_variable(_variable(choice))
    built.annotation(_changes(plan))
    built.link(
        dashboard.DashboardLink("LLM dashboards")
        .type(schema.DashboardLinkType.DASHBOARDS)
        .tags([_TAG])
        .as_dropdown(as_dropdown=True)
        .keep_time(keep_time=True)
    )
    for part in _placed(board.sections):
        if isinstance(part, dashboard.Row):
            built.with_row(part)
        else:
            built.with_panel(part)
    return json.dumps(json.loads(JSONEncoder().encode(built.build())), sort_keys=True, separators=(",", ":"))


def _data_source(name: str | None) -> dashboard.DatasourceVariable:
    """The variable that every query asks by; limited to one name it can't fall back to another source."""
    variable = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return variable if name is None else variable.regex(f"/^{re.escape(name)}$/")


def _variable(choice: Choice) -> dashboard.CustomVariable | dashboard.QueryVariable:
    """Several values may be chosen; all of them are also those that the Plan no longer has."""
    everything = schema.VariableOption(selected=True, text=["All"], value=["$__all"])
    if choice.query is None:
        fixed = dashboard.CustomVariable(choice.name).values(",".join(choice.values))
        return (
            fixed.label(choice.label)
            .multi(multi=True)
            .include_all(include_all=True)
            .all_value(".*")
            .current(everything)
        )
    queried = dashboard.QueryVariable(choice.name).query(choice.query).datasource(_SOURCE)
    queried.refresh(schema.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(schema.VariableSort.ALPHABETICAL_ASC)
    return queried.label(choice.label).multi(multi=True).include_all(include_all=True).current(everything)


def _changes(plan: DashboardsPlan) -> dashboard.AnnotationQuery:
    """A mark wherever a Deployment of a model was changed: a rollout, or another number of replicas."""
    generation = in_namespace(plan.models_namespace, "kube_deployment_metadata_generation")
    return (
        dashboard.AnnotationQuery()
        .name("Changes of models")
        .datasource(_SOURCE)
        .enable(enable=True)
        .icon_color("blue")
        .expr(f"sum by (deployment) (changes({generation}[2m])) > 0")
        .title_format("{{deployment}}")
        .text_format("rolled out, or scaled")
    )


def _placed(sections: Iterable[Section]) -> Iterator[dashboard.Row | _Builder]:
    """Rows and panels from top to bottom and left to right, each with its place and a number."""
    top = number = 0
    for section in sections:
        number += 1
        yield dashboard.Row(section.title).id(number).grid_pos(schema.GridPos(h=1, w=_COLUMNS, x=0, y=top))
        top += 1
        for row in _rows(section.panels):
            left = 0
            height = _STAT_HEIGHT if all(panel.kind == "stat" for panel, _ in row) else _HEIGHT
            for panel, width in row:
                number += 1
                yield _panel(panel).id(number).grid_pos(schema.GridPos(h=height, w=width, x=left, y=top))
                left += width
            top += height


def _rows(panels: Iterable[Panel]) -> Iterator[list[tuple[Panel, int]]]:
    """Panels that lie beside each other, with their widths."""
    row: list[tuple[Panel, int]] = []
    for panel, width in _widths(panels):
        if sum(each for _, each in row) + width > _COLUMNS:
            yield row
            row = []
        row.append((panel, width))
    yield row


def _widths(panels: Iterable[Panel]) -> Iterator[tuple[Panel, int]]:
    """Each with its width: its own, or that of rows which those beside it without one fill evenly."""
    for has_own, found in groupby(panels, key=lambda panel: panel.width is not None):
        beside = list(found)
        if has_own:
            yield from ((panel, panel.width or _COLUMNS) for panel in beside)
            continue
        rows = 1 if len(beside) <= _MOST_IN_A_ROW else -(-len(beside) // _USUAL_IN_A_ROW)
        for row in range(rows):
            of_row = beside[len(beside) * row // rows : len(beside) * (row + 1) // rows]
            yield from ((panel, _COLUMNS // len(of_row)) for panel in of_row)


def _panel(panel: Panel) -> _Builder:
    match panel.kind:
        case "stat":
            made: _Builder = stat.Panel().reduce_options(
                options.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
            )
        case "table":
            # One row for each series, named by its labels or by the query's legend.
            by_labels = not any(query.legend for query in panel.queries)
            settings = {"reducers": ["lastNotNull"], "labelsToFields": by_labels}
            made = table.Panel().with_transformation(schema.DataTransformerConfig(id_val="reduce", options=settings))
            # With labels all series have the same name.
            columns = {"renameByName": _COLUMN_NAMES, "excludeByName": {"Field": by_labels}}
            made.with_transformation(schema.DataTransformerConfig(id_val="organize", options=columns))
            made.min_width(_COLUMN_POINTS)
        case _:
            made = _over_time(panel)
    made.title(panel.title).description(panel.description).datasource(_SOURCE).unit(panel.unit)
    made.thresholds(_thresholds(panel))
    if panel.minimum is not None:
        made.min(panel.minimum)
    if panel.maximum is not None:
        made.max(panel.maximum)
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    for index, query in enumerate(panel.queries):
        made.with_target(_target(query, index, instant=panel.kind in ("stat", "table")))
    return made


def _over_time(panel: Panel) -> timeseries.Panel:
    made = timeseries.Panel().legend(
        options.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs([])
    )
    made.tooltip(options.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    if panel.kind == "bars":
        made.draw_style(common.GraphDrawStyle.BARS)
    if panel.kind == "stacked":
        made.stacking(options.StackingConfig().mode(common.StackingMode.NORMAL).group("A")).fill_opacity(30)
    if panel.minimum is None:
        # Where nothing is below 0, its line is at the bottom all the same, and not among the times below it.
        made.axis_soft_min(0)
    if panel.limits:
        made.thresholds_style(options.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))
    return made


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    below = schema.Threshold(color="red" if panel.good_above else "green", value=None)
    steps = [schema.Threshold(color=limit.color, value=limit.value) for limit in panel.limits]
    return dashboard.ThresholdsConfig().mode(schema.ThresholdsMode.ABSOLUTE).steps([below, *steps])


def _target(query: Query, index: int, *, instant: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).ref_id(_reference(index)).datasource(_SOURCE)
    target.legend_format(query.legend or "__auto").editor_mode(prometheus_schema.QueryEditorMode.CODE)
    return target.instant() if instant else target.range()


def _reference(index: int) -> str:
    """A, B, …, Z, AA, AB, …, as Grafana names queries."""
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else _reference(index // 26 - 1) + letter  # noqa: PLR2004 - letters of the alphabet
