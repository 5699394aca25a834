"""A stack of any number of models: the development stack's chat model copied, on as many nodes as the copies need."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from config.stackfile import parse

ROOT = Path(__file__).parents[1]
NAMESPACE = "llm-platform"

_MODELS_PER_POOL = 20  # with 1000 models 50 pools, of the 100 that AKS allows
_SLICES_PER_NODE = 2


def sections(models: int) -> dict[str, Any]:
    """The sections of a stack with this many models, none of them autoscaled."""
    found = deepcopy(parse((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")).sections)
    pool, model = found["pools"][0], found["models"][0]
    nodes = _MODELS_PER_POOL // _SLICES_PER_NODE
    names = [f"p{index}" for index in range(-(-models // _MODELS_PER_POOL))]
    found["pools"] = [{**pool, "name": name, "nodes": {"min": nodes, "max": nodes}} for name in names]
    found["models"] = [
        {
            **model,
            "name": f"{model['name']}-{index}",
            "pool": names[index // _MODELS_PER_POOL],
            "replicas": {"min": 1, "max": 1},
        }
        for index in range(models)
    ]
    # Bodies of all requests that 1000 models run at once fit in the memory of three proxies.
    found["gateway"] = {**found["gateway"], "replicas": {"min": 3, "max": 3}}
    # Every node takes a /24 for its pods: the default range ends at 256 nodes.
    found["network"] = {**found.get("network", {}), "pods": "10.244.0.0/14"}
    return found


def settings(models: int) -> dict[str, str]:
    """The same stack as Pulumi passes it to a program."""
    return {f"{NAMESPACE}:{name}": json.dumps(value) for name, value in sections(models).items()}
