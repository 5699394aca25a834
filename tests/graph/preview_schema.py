"""The JSON of a preview as the contract has it, closed: a new or lost name is a broken promise."""

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


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


RANGE = closed(min=WHOLE, max=WHOLE)
FINDING = closed(severity={"enum": ["error", "warning", "info"]}, rule=TEXT, path=TEXT, message=TEXT, fix=TEXT)
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
COST = closed(
    currency=TEXT, region=TEXT, prices_of=MAYBE_TEXT, min_per_month=NUMBER, max_per_month=NUMBER, lines=array(OBJECT)
)
RESOURCE = closed(
    urn=TEXT, type=TEXT, name=TEXT, parent=MAYBE_TEXT, inputs=OBJECT,
    options=closed(
        protect=FLAG, ignore_changes=TEXTS, depends_on=TEXTS, deleted_with=MAYBE_TEXT, provider=MAYBE_TEXT,
        retain_on_delete=FLAG, replace_on_changes=TEXTS,
    ),
)  # fmt: skip
PLAN = closed(pools=array(POOL), models=array(MODEL), cost=COST)
DOCUMENT = closed(
    stack=TEXT, ok=FLAG, findings=array(FINDING), plan={"anyOf": [{"type": "null"}, PLAN]}, resources=array(RESOURCE)
)
