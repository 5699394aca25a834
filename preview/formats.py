"""How figures are written for a reader: units, thousands separators, ranges.

Plain spaces throughout: a thin space takes a whole terminal cell anyway, and would hide `24.0 GiB` from a search.
"""

from planning.plan import DeviceRequest, ExtendedResource

TO = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"


def whole(number: float) -> str:
    """A count or an amount without decimals: `32,768`."""
    return f"{number:,.0f}"


def rate(amount: float) -> str:
    """A price per hour, to a tenth of a cent: `0.226`."""
    return f"{amount:,.3f}"


def gib(amount: float) -> str:
    """Memory: `15.6 GiB`."""
    return f"{amount:,.1f} GiB"


def span(low: float, high: float) -> str:
    """A range of whole numbers, `1-3` with an en dash; a single number where both ends are equal."""
    return whole(low) if whole(low) == whole(high) else f"{whole(low)}{TO}{whole(high)}"


def plural(number: int, noun: str) -> str:
    """`1 node`, `3 nodes`; for nouns that take an s."""
    return f"{whole(number)} {noun}" if number == 1 else f"{whole(number)} {noun}s"


def span_of(low: int, high: int, noun: str) -> str:
    """`1 node`, `1-3 nodes` with an en dash."""
    return plural(high, noun) if low == high else f"{span(low, high)} {noun}s"


def joined(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def device(name: str, count: int) -> str:
    """What a pod takes or a node offers: `1 GPU`, or a slice or share, with its count where that is more than one."""
    if name == "GPU":
        return plural(count, name)
    return name if count == 1 else f"{whole(count)} {TIMES} {name}"


def device_name(request: DeviceRequest) -> str:
    """What a pod requests: a GPU, a slice, a share of one, or a device class."""
    return request.device if isinstance(request, ExtendedResource) else request.device_class


def requested(request: DeviceRequest) -> str:
    """The GPU devices that a pod requests."""
    return device(device_name(request), request.count)
