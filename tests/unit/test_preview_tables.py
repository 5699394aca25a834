"""A Plan and findings as text and tables."""

import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import RenderableType

from cli.stack_files import name_problem
from config import Finding
from planning import Plan
from planning.plan import CostLine, RolloutPlan
from preview import formats, notices, report, tables
from preview.stack import assessed
from preview.unknowns import Tally

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plan() -> Plan:
    plan = assessed((REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")).plan
    assert plan is not None
    return plan


def printed(part: RenderableType, width: int = 120) -> str:
    stream = io.StringIO()
    report.console(stream, width).print(part)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.whole(32768), "32,768"),
        (formats.gib(1024.04), "1,024.0 GiB"),
        (formats.span(1, 3), "1–3"),
        (formats.span(2, 2), "2"),
        (formats.span_of(1, 1, "node"), "1 node"),
        (formats.span_of(0, 4, "node"), "0–4 nodes"),
        (formats.plural(0, "error"), "0 errors"),
        (formats.joined([]), ""),
        (formats.joined(["a"]), "a"),
        (formats.joined(["a", "b", "c"]), "a, b and c"),
        (formats.device("GPU", 1), "1 GPU"),
        (formats.device("GPU", 2), "2 GPUs"),
        (formats.device("3g.47gb", 1), "3g.47gb"),
        (formats.device("3g.47gb", 2), "2 × 3g.47gb"),
        (formats.device("amd.com/gpu", 1), "amd.com/gpu"),
    ],
)
def test_figures_carry_units_and_separators(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(("width", "tables_of_the_model"), [(120, 1), (80, 2)])
def test_the_ledger_takes_two_tables_where_one_is_too_wide(plan: Plan, width: int, tables_of_the_model: int) -> None:
    screen = report.console(io.StringIO(), width)
    text = printed(tables.models(plan, screen, width), width)
    assert sum(line.lstrip().startswith("chat") for line in text.splitlines()) == tables_of_the_model
    memory = plan.models[0].releases[0].memory
    for figure in (formats.gib(memory.weights_gib), formats.gib(memory.kv_cache_gib), "h100 · 3g.47gb", "32,768"):
        assert figure in text


@pytest.mark.parametrize(
    ("name", "rollout", "node_hours", "expected"),
    [
        ("chat", RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0), 0.0, "surge 1"),
        (
            "chat",
            RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0),
            1.5,
            "surge 1, up to 1.5 extra node-hours",
        ),
        ("chat", RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1), 0.0, "max unavailable 1"),
        # The only replica.
        ("embed", RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1), 0.0, "downtime: stops first"),
    ],
)
def test_placement_shows_how_a_version_is_rolled_out(
    plan: Plan, name: str, rollout: RolloutPlan, node_hours: float, expected: str
) -> None:
    (model,) = (model for model in plan.models if model.name == name)
    release = model.releases[0]
    workload = replace(release.workloads[0], rollout=rollout, surge_node_hours=node_hours)
    changed = replace(model, releases=(replace(release, workloads=(workload,)),))
    text = printed(tables.placement(replace(plan, models=(changed,))))
    assert expected in " ".join(text.split())
    assert ("node-hours" in text) == (node_hours > 0)


def test_pools_show_requested_and_offered_devices(plan: Plan) -> None:
    row = next(line.split() for line in printed(tables.pools(plan)).splitlines() if "h100" in line)
    # One to three nodes of two slices; chat takes one to three, embed one.
    assert row[-2:] == ["2–6", "2–4"]


def test_a_pool_without_gpus_is_listed_too(plan: Plan) -> None:
    text = printed(tables.pools(replace(plan, pools=(replace(plan.pools[0], resources=(), devices=()),))))
    assert "no GPU" in text


def test_a_missing_price_is_unknown_and_reported(plan: Plan) -> None:
    line = CostLine(
        name="burst", vm_size="Standard_X", capacity="spot", min_nodes=0, max_nodes=4,
        hourly=None, on_demand_hourly=None, spot_hourly=None, min_per_month=None, max_per_month=None,
        idle_min_per_month=None, idle_max_per_month=None,
    )  # fmt: skip
    cost = replace(plan.cost, lines=(*plan.cost.lines, line), complete=False, prices_of="2026-11-09")
    text = printed(tables.cost(cost))
    assert "eastus prices of 2026-11-09" in text
    assert "No price in the catalog: burst" in text
    row = next(row.split() for row in text.splitlines() if "Standard_X" in row)
    assert row[-2:] == ["unknown", "unknown"]


def test_costs_state_what_they_leave_out(plan: Plan) -> None:
    text = " ".join(printed(tables.cost(plan.cost)).split())
    assert f"{formats.whole(plan.cost.min_per_month)}–" in text
    assert "Only nodes are counted: not the load balancer" in text


def test_findings_are_counted_and_shown_with_path_and_fix() -> None:
    found = (
        Finding("error", "FIT-KV", "models[0].context", "it does not fit", "write `context: 8192`"),
        Finding("warning", "COST-ALWAYS-ON", "pools[0].nodes.min", "runs [bold]always[/bold]", "min: 0"),
    )
    text = printed(notices.findings_section(found, 80), 80)
    for shown in ("1 error, 1 warning, 0 notes", "FIT-KV  models[0].context", "it does not fit", "→ write `context"):
        assert shown in text
    assert "runs [bold]always[/bold]" in text, "text of a finding is no markup"


def test_unknown_values_fit_on_a_line() -> None:
    names = tuple((f"property{number}", 9 - number) for number in range(9))
    text = printed(notices.unknowns(Tally(names, 2)))
    assert text == ("Unknown before `up`: 45 values (property0 9, property1 8, property2 7, others 21). Secret: 2.\n")
    assert printed(notices.unknowns(Tally((), 0))) == "Every value is known.\n"


def test_messages_of_the_program_are_shown() -> None:
    text = printed(notices.messages([("warning", "a [deprecated] argument", None)]))
    assert "warning  a [deprecated] argument" in text


@pytest.mark.parametrize("name", ["dev", "prod-2", "eu_west.1"])
def test_names_that_pulumi_accepts_are_accepted(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", "../dev", "a b", "x" * 101, "dev\n"])
def test_other_names_are_findings(name: str) -> None:
    problem = name_problem(name)
    assert problem is not None
    assert problem.severity == "error"


def test_text_that_is_not_a_stack_file_is_one_finding_only() -> None:
    for text in ("", "[]", "config: [", "config:\n"):
        found = assessed(text)
        assert found.plan is None
        assert [finding.rule for finding in found.findings] == ["CFG-YAML"], text


def test_secrets_of_the_cli_become_placeholders() -> None:
    text = (REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    found = assessed(f"{text}\n  llm-platform:key-playground: {{secure: v1:ciphertext}}\n")
    assert found.secret_keys == ("llm-platform:key-playground",)
    assert "ciphertext" not in str(found.settings)
    assert found.plan is not None
    assert found.plan.foundation.vault.bootstrap == ("key-playground",)
