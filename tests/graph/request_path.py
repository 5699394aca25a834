"""What the objects of a stack's graph say about a request's way: for tests that compare neighbours."""

import re
from typing import Any

import yaml

import catalog
import config
from planning import decide
from planning.plan import ModelPlan, Plan
from planning.plan.labels import MODEL
from tests.graph.stacks import entries_of, is_kubernetes, sections_of

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str) -> float:
    """A duration in Go's text."""
    parts = re.findall(r"(\d+)(ms|h|m|s)", duration)
    assert "".join(number + unit for number, unit in parts) == duration
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def objects(stack: str, kind: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind in the cluster, by name."""
    found = [entry["inputs"] for entry in entries_of(stack) if is_kubernetes(entry)]
    return {item["metadata"]["name"]: item for item in found if item.get("kind") == kind}


def only(stack: str, kind: str) -> dict[str, Any]:
    """The spec of the only object of a kind."""
    (found,) = objects(stack, kind).values()
    return found["spec"]


def deployments(stack: str) -> list[dict[str, Any]]:
    """The Deployments of all models."""
    every = objects(stack, "Deployment").values()
    return [item for item in every if MODEL in item["spec"]["template"]["metadata"]["labels"]]


def pods(stack: str) -> list[dict[str, Any]]:
    """The pod specs of all models."""
    return [item["spec"]["template"]["spec"] for item in deployments(stack)]


def policies(stack: str) -> dict[str, dict[str, Any]]:
    """The traffic policies of all models, by the model's name: not the Gateway's, which has the tenants' limits."""
    found = objects(stack, "BackendTrafficPolicy").items()
    return {name: item for name, item in found if item["spec"]["targetRefs"][0]["kind"] == "HTTPRoute"}


def environment(pod: dict[str, Any]) -> dict[str, str]:
    """Environment variables of the server."""
    return {item["name"]: item.get("value", "") for item in pod["containers"][0]["env"]}


def arguments(stack: str, pod: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the server, by option."""
    (name,) = (volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume)
    return yaml.safe_load(objects(stack, "ConfigMap")[name]["data"]["vllm.yaml"])


def plan_of(stack: str) -> Plan:
    """The Plan of an unchanged stack."""
    return decide(config.load(sections_of(stack)), catalog.load())


def request(stack: str, model: str) -> float:
    """Seconds that a request to a model may take."""
    rules = objects(stack, "AIGatewayRoute")[model]["spec"]["rules"]
    (longest,) = {rule["timeouts"]["request"] for rule in rules}
    return seconds(longest)


def models(stack: str) -> tuple[ModelPlan, ...]:
    """The models of a stack that clients may call; others judge prompts and answers."""
    return tuple(model for model in plan_of(stack).models if model.name in objects(stack, "AIGatewayRoute"))
