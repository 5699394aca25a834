"""As much PromQL as scaling by load needs: sums of instant series, and arithmetic on them.

Source: https://prometheus.io/docs/prometheus/latest/querying/operators/. A sum over no series is no value, and
whatever is computed from it is none either.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_SUM: Final = re.compile(r"\bsum\(\s*([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}\s*\)")
_MATCHER: Final = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"([^"]*)"\s*')
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_FUNCTIONS: Final[Mapping[str, Callable[[float, float], float]]] = {"clamp_min": max, "clamp_max": min}


class UnknownQueryError(Exception):
    """A query in words that are not known here."""


@dataclass(frozen=True)
class Series:
    """A metric with its labels and its value now."""

    metric: str
    labels: Mapping[str, str]
    value: float


def evaluate(query: str, series: Iterable[Series]) -> float | None:
    """The one value of a query now; None where a sum finds no series.

    Raises:
        UnknownQueryError: the query is made of something else than sums, numbers, signs and clamps.

    """
    found = list(series)
    values: dict[str, float | None] = {}

    def name(match: re.Match[str]) -> str:
        variable = f"sum_{len(values)}"
        values[variable] = _sum(match[1], match[2], found)
        return variable

    try:
        tree = ast.parse(_SUM.sub(name, query), mode="eval")
    except SyntaxError as error:
        raise UnknownQueryError(f"not known here: {query}") from error
    return _value(tree.body, values, query)


def _sum(metric: str, selector: str, series: Iterable[Series]) -> float | None:
    wanted = {}
    for matcher in selector.split(","):
        match = _MATCHER.fullmatch(matcher)
        if match is None:
            raise UnknownQueryError(f"a matcher that is not known here: {matcher}")
        wanted[match[1]] = match[2]
    values = [
        sample.value
        for sample in series
        if sample.metric == metric and all(sample.labels.get(key) == value for key, value in wanted.items())
    ]
    return sum(values) if values else None


def _value(node: ast.expr, values: Mapping[str, float | None], query: str) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        work, parts = _OPERATORS[type(node.op)], [node.left, node.right]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        work, parts = _FUNCTIONS[node.func.id], node.args
    else:
        raise UnknownQueryError(f"not known here: {query}")
    left, right = (_value(part, values, query) for part in parts)
    return None if left is None or right is None else work(left, right)
