"""The dashboard of the GPUs, whole ones and slices: how busy, how full, how hot, and what is broken."""

from observability.dashboards.board import Board, Choice, Limit, Panel, Query, Section
from observability.dashboards.selecting import POOL_LABEL, pool_choice
from planning.plan import DashboardsPlan, metrics

# A slice has the labels of its GPU and two of its own; a whole GPU lacks those.
_DEVICE = "hostname, gpu, GPU_I_PROFILE, GPU_I_ID"
_DEVICE_LEGEND = "{{hostname}} GPU {{gpu}} {{GPU_I_PROFILE}} {{GPU_I_ID}}"
_GPU, _GPU_LEGEND = "hostname, gpu", "{{hostname}} GPU {{gpu}}"
# Grafana's units of the exporter's.
_UNITS = {
    "MiB": "mbytes",
    "bytes": "bytes",
    "celsius": "celsius",
    "watt": "watt",
    "MHz": "hertz",
    "Hz": "hertz",
    "ratio": "percentunit",
    "MB/s": "MBs",
    "bytes/s": "Bps",
    "count": "short",
    "flag": "short",
}
# The scale of Grafana's unit where it isn't that of the exporter's.
_FACTORS = {"MHz": 1_000_000}
# Data centre GPUs slow down at 87 to 92 °C, and their HBM at 95 to 105 °C: see `nvidia-smi -q`.
_WARM, _HOT, _MEMORY_HOT = 80, 87, 95


def gpus_board(plan: DashboardsPlan) -> Board:
    """The dashboard of a stack's GPUs."""
    nodes = f'{metrics.NODE_LABELS}{{{POOL_LABEL}=~"$pool"}}'
    return Board(
        uid="llm-gpu",
        title="LLM GPUs",
        description="Every GPU and MIG slice, as NVIDIA's exporter measures it.",
        choices=(
            pool_choice(plan),
            Choice(name="node", label="Node", query=f"label_values({nodes}, node)"),
        ),
        sections=(
            _use(plan),
            *((_profile(plan),) if "sm_active" in plan.gpu else ()),
            _memory(plan),
            _heat(plan),
            _errors(plan),
        ),
    )


def _query(plan: DashboardsPlan, kind: str, by: str, legend: str) -> Query:
    """The highest value: all slices of a GPU repeat what belongs to the GPU."""
    metric = plan.gpu[kind]
    factor = _FACTORS.get(metric.unit)
    expression = f'max by ({by}) ({metric.name}{{hostname=~"$node"}})'
    return Query(expression if factor is None else f"{expression} * {factor}", legend)


def _panel(
    plan: DashboardsPlan,
    kind: str,
    title: str,
    description: str,
    *,
    by_gpu: bool = False,
    limits: tuple[Limit, ...] = (),
) -> Panel:
    """One metric, by device, or by GPU where a slice has none of its own."""
    unit = _UNITS[plan.gpu[kind].unit]
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries=(_query(plan, kind, *((_GPU, _GPU_LEGEND) if by_gpu else (_DEVICE, _DEVICE_LEGEND))),),
        limits=limits,
        maximum=1 if unit == "percentunit" else None,
    )


def _use(plan: DashboardsPlan) -> Section:
    return Section(
        "Use",
        (
            _panel(
                plan,
                "engine_active",
                "Time in which it computes",
                "Share of time in which anything runs on the GPU or slice. It says nothing of how much of it is used: "
                "see the tensor cores.",
            ),
            _panel(
                plan,
                "tensor_active",
                "Tensor cores in use",
                "Share of cycles in which the tensor cores compute: high while prompts are read.",
            ),
            _panel(
                plan,
                "memory_active",
                "Memory traffic",
                "Share of cycles in which the memory transfers data: high while answers are written, since every token "
                "reads all weights.",
            ),
        ),
    )


def _profile(plan: DashboardsPlan) -> Section:
    """Why a GPU that always computes may still do little."""
    events = f'{plan.gpu["clock_events"].name}{{hostname=~"$node",clock_event!=""}}'
    return Section(
        "Profiling",
        (
            _panel(
                plan,
                "sm_active",
                "Multiprocessors with work",
                "Share of time in which a multiprocessor has work, on average over all: below a half, batches are too "
                "small for the GPU or slice.",
            ),
            _panel(
                plan,
                "sm_occupancy",
                "Occupancy of the multiprocessors",
                "Share of the warps that they hold of those that they could. Higher is not always better: kernels that "
                "use many registers hold few.",
            ),
            Panel(
                title="Reduced clocks by reason",
                description="Samples of the last five minutes: heat and power slow a GPU down; idling is no fault.",
                unit="short",
                queries=(Query(f"max by ({_GPU}, clock_event) ({events})", f"{{{{clock_event}}}} {_GPU_LEGEND}"),),
            ),
            _panel(
                plan,
                "row_remap_pending",
                "Remapping that waits",
                "1 where a row of memory is replaced at the next reset of the GPU: rotate the pool's node.",
                by_gpu=True,
                limits=(Limit(1, "orange"),),
            ),
        ),
    )


def _memory(plan: DashboardsPlan) -> Section:
    used, free = (_query(plan, kind, _DEVICE, _DEVICE_LEGEND) for kind in ("memory_used", "memory_free"))
    return Section(
        "Memory and links",
        (
            _panel(
                plan,
                "memory_used",
                "Memory in use",
                "vLLM takes its whole share at the start: the KV cache is in it, full or not (see LLM models).",
            ),
            Panel(
                title="Share of the memory in use",
                description="Of the GPU's or slice's memory. It stays at what gpu_memory_utilization allows.",
                unit="percentunit",
                queries=(Query(f"{used.expression} / ({used.expression} + {free.expression})", _DEVICE_LEGEND),),
                maximum=1,
            ),
            _panel(
                plan,
                "nvlink",
                "NVLink traffic",
                "Between the GPUs of a node, of all links of a GPU: tensor parallel models use it for every token.",
                by_gpu=True,
            ),
        ),
    )


def _heat(plan: DashboardsPlan) -> Section:
    hot = (Limit(_WARM, "orange"), Limit(_HOT))
    return Section(
        "Temperature and power",
        (
            _panel(
                plan,
                "temperature",
                "Temperature",
                f"A GPU slows down at about {_HOT} °C: look at its clock.",
                by_gpu=True,
                limits=hot,
            ),
            _panel(
                plan,
                "memory_temperature",
                "Temperature of the memory",
                f"HBM slows down at {_MEMORY_HOT} °C and more.",
                by_gpu=True,
                limits=(Limit(_MEMORY_HOT),),
            ),
            _panel(plan, "power", "Power", "Draw of the whole board. At its limit the clock falls.", by_gpu=True),
            _panel(
                plan,
                "clock",
                "Clock",
                "Of the multiprocessors. It falls when the GPU is throttled, for heat or power, and when it idles.",
                by_gpu=True,
            ),
        ),
    )


def _errors(plan: DashboardsPlan) -> Section:
    harmless = ", ".join(map(str, plan.application_xids))
    xids = f'{plan.xid_errors}{{hostname=~"$node",xid!=""}}'
    return Section(
        "Errors",
        (
            Panel(
                title="XID errors of the last five minutes",
                description=f"By code: {harmless} are of applications or video units. After "
                "any other the device plugin takes the GPU out of service. None are drawn where there are none.",
                unit="short",
                queries=(Query(f"max by (hostname, gpu, xid) ({xids})", f"XID {{{{xid}}}} {_GPU_LEGEND}"),),
                kind="bars",
            ),
            Panel(
                title="Remapped rows",
                description="Rows of memory that were replaced by spare ones, since the GPU was made. Uncorrectable "
                "ones that rise call for a new node.",
                unit="short",
                queries=(
                    _query(plan, "remapped_rows_uncorrectable", _GPU, f"uncorrectable {_GPU_LEGEND}"),
                    _query(plan, "remapped_rows_correctable", _GPU, f"correctable {_GPU_LEGEND}"),
                ),
            ),
            _panel(
                plan,
                "row_remap_failure",
                "Remapping that failed",
                "1 where no spare rows are left: replace the node (alert GPURowRemapFailure).",
                by_gpu=True,
                limits=(Limit(1),),
            ),
            Panel(
                title="PCIe retries",
                description="Transfers to and from the host that were repeated: a bad link or slot.",
                unit="short",
                queries=(
                    Query(
                        f"max by ({_GPU}) "
                        f'(increase({plan.gpu["pcie_retries"].name}{{hostname=~"$node"}}[$__rate_interval]))',
                        _GPU_LEGEND,
                    ),
                ),
            ),
        ),
    )
