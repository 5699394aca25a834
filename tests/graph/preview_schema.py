"""The closed schema of the preview's JSON: an added or removed name breaks the contract."""

TEXT, NUMBER, WHOLE, FLAG = {"type": "string"}, {"type": "number"}, {"type": "integer"}, {"type": "boolean"}
MAYBE_TEXT = {"type": ["string", "null"]}
TEXTS = {"type": "array", "items": TEXT}
OBJECT = {"type": "object"}


def closed(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def allowing(schema: dict[str, object], **more: object) -> dict[str, object]:
    """The same with properties that may be left out."""
    properties = schema["properties"]
    assert isinstance(properties, dict)
    return {**schema, "properties": {**properties, **more}}


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


RANGE = closed(min=WHOLE, max=WHOLE)
MAYBE_NUMBER, MAYBE_WHOLE = {"type": ["number", "null"]}, {"type": ["integer", "null"]}
VIOLATION = closed(
    policy=TEXT, level={"enum": ["mandatory", "advisory"]}, urn=TEXT, message=TEXT, fix=TEXT, exception=MAYBE_TEXT
)
FINDING = closed(
    severity={"enum": ["error", "warning", "info"]}, rule=TEXT, path=TEXT, line=MAYBE_WHOLE, column=MAYBE_WHOLE,
    message=TEXT, fix=TEXT,
)  # fmt: skip
POOL = closed(
    name=TEXT, vm_size=TEXT, revision=TEXT, nodes=RANGE, taints=TEXTS, labels=OBJECT,
    resources={"type": "object", "additionalProperties": WHOLE},
)  # fmt: skip
MODEL = closed(
    name=TEXT, replicas=RANGE, args=TEXTS,
    placement=array(closed(pool=TEXT, resource=TEXT, count=WHOLE, min=WHOLE, max=WHOLE)),
    memory=closed(
        device_gib=NUMBER, budget_gib=NUMBER, weights_gib=NUMBER, overhead_gib=NUMBER, kv_cache_gib=NUMBER,
        kv_bytes_per_token=WHOLE, kv_tokens=WHOLE, max_concurrency=NUMBER, fits=FLAG,
    ),
    rollout=closed(
        strategy=TEXT, max_surge={"type": ["integer", "null"]}, max_unavailable={"type": ["integer", "null"]}
    ),
)  # fmt: skip
# Only of models that promise something: documents of stacks without promises stay as they are.
SLO = closed(
    window_days=WHOLE,
    requests_per_day=MAYBE_WHOLE,
    objectives=array(
        closed(
            slo={"enum": ["availability", "ttft", "itl"]},
            target=NUMBER,
            seconds=MAYBE_NUMBER,
            budget_minutes=NUMBER,
            budget_requests=MAYBE_WHOLE,
        )
    ),
)
CAPACITY = closed(min_per_month=NUMBER, max_per_month=NUMBER)
COST_LINE = closed(
    name=TEXT, vm_size=TEXT, capacity={"enum": ["on-demand", "spot"]}, min_nodes=WHOLE, max_nodes=WHOLE,
    hourly=MAYBE_NUMBER, on_demand_hourly=MAYBE_NUMBER, spot_hourly=MAYBE_NUMBER,
    min_per_month=MAYBE_NUMBER, max_per_month=MAYBE_NUMBER,
    idle_min_per_month=MAYBE_NUMBER, idle_max_per_month=MAYBE_NUMBER,
)  # fmt: skip
BREAK_EVEN = closed(
    managed_api=TEXT, managed_per_million=NUMBER, first_tokens_per_month=MAYBE_WHOLE, tokens_per_month=MAYBE_WHOLE
)
TOKENS = closed(
    input_tokens_per_second=NUMBER, output_tokens_per_second=NUMBER,
    min_replicas_per_million=MAYBE_NUMBER, max_replicas_per_million=MAYBE_NUMBER,
    min_replicas_tokens_per_month=WHOLE, max_replicas_tokens_per_month=WHOLE,
    break_even={"anyOf": [{"type": "null"}, BREAK_EVEN]},
)  # fmt: skip
MODEL_COST = closed(
    name=TEXT, min_nodes=NUMBER, max_nodes=NUMBER, min_per_month=MAYBE_NUMBER, max_per_month=MAYBE_NUMBER,
    tokens={"anyOf": [{"type": "null"}, TOKENS]},
)  # fmt: skip
COST = closed(
    currency=TEXT, region=TEXT, prices_of=MAYBE_TEXT, min_per_month=NUMBER, max_per_month=NUMBER, complete=FLAG,
    idle_min_per_month=NUMBER, idle_max_per_month=NUMBER, on_demand=CAPACITY, spot=CAPACITY,
    lines=array(COST_LINE), models=array(MODEL_COST),
)  # fmt: skip
RESOURCE = closed(
    urn=TEXT, type=TEXT, name=TEXT, parent=MAYBE_TEXT, inputs=OBJECT,
    options=closed(
        protect=FLAG, ignore_changes=TEXTS, depends_on=TEXTS, deleted_with=MAYBE_TEXT, provider=MAYBE_TEXT,
        retain_on_delete=FLAG, replace_on_changes=TEXTS,
    ),
)  # fmt: skip
KEPT = closed(
    data=TEXT, where=TEXT, days=MAYBE_WHOLE, until=MAYBE_TEXT, full_gib=MAYBE_WHOLE, gib=MAYBE_WHOLE,
    usd_per_gb=MAYBE_NUMBER, most_per_month=MAYBE_NUMBER,
)  # fmt: skip
PLAN = closed(pools=array(POOL), models=array(allowing(MODEL, slo=SLO)), cost=COST, kept=array(KEPT))
DOCUMENT = closed(
    stack=TEXT,
    ok=FLAG,
    findings=array(FINDING),
    plan={"anyOf": [{"type": "null"}, PLAN]},
    policies=array(VIOLATION),
    resources=array(RESOURCE),
)
