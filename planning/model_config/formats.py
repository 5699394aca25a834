"""The number formats of the matrices of one checkpoint, layer by layer."""

from collections.abc import Sequence

from msgspec import Struct

from planning.model_config.names import EXPERTS, Pattern

PLAIN = 2.0
# A scale of two bytes and a zero point of the width of the numbers for each group; fp8 has one scale of 4 bytes for a
# block of 128 x 128, mxfp4 one byte for 32 numbers, nvfp4 one byte for 16.
FP8, MXFP4, NVFP4 = 1 + 4 / (128 * 128), 0.5 + 1 / 32, 0.5 + 1 / 16
_DEFAULT_GROUP = 128
# Far more than any published checkpoint needs: its layers times the patterns that may mean some of them, and patterns
# that may mean every layer.
_MOST_TRIED, MOST_PATTERNS = 20_000, 2_000


class Rule(Struct, frozen=True):
    """Modules and the bytes of one of their parameters; None where they aren't known."""

    modules: Pattern
    width: float | None


def grouped(bits: object, group: object) -> float | None:
    """Bytes of a whole number of `bits` in groups."""
    if not isinstance(bits, int) or isinstance(bits, bool) or bits not in (2, 3, 4, 5, 6, 7, 8):
        return None
    size = group if isinstance(group, int) and group > 0 else _DEFAULT_GROUP
    return bits / 8 + (2 + bits / 8) / size


def eight_bits(group: int) -> float:
    """Bytes of a number of eight bits in groups, each with a scale of two bytes."""
    return 1 + 2 / group


class Formats:
    """Bytes a parameter of every matrix: of the first rule that names it, else the usual ones."""

    def __init__(self, rules: Sequence[Rule], usual: float | None, *, experts: float | None = None) -> None:
        """Of `experts` alone where only they are quantized."""
        self._usual, self._experts = usual, experts
        self._by_layer: dict[int, list[tuple[int, Rule]]] = {}
        self._everywhere: list[tuple[int, Rule]] = []
        seen: set[tuple[str, float | None]] = set()
        for place, rule in enumerate(rules):
            if (rule.modules.text, rule.width) in seen:
                continue
            seen.add((rule.modules.text, rule.width))
            where = rule.modules.layer
            (self._everywhere if where is None else self._by_layer.setdefault(where, [])).append((place, rule))
        self._found: dict[tuple[int, int | None, tuple[str, ...]], bool] = {}
        self._used: set[int] = set()

    @property
    def pads_experts(self) -> bool:
        """Whether kernels need experts of rounded widths."""
        return self._experts is not None

    def endless(self, layers: int) -> bool:
        """Whether looking at every layer would take longer than anybody waits."""
        varying = sum(rule.modules.varies for _, rule in self._everywhere)
        return len(self._everywhere) > MOST_PATTERNS or layers * varying > _MOST_TRIED

    def width(self, layer: int, modules: tuple[str, ...]) -> float | None:
        """Bytes of a parameter of a matrix, by the names that it may have; None where not known."""
        if not modules:
            return PLAIN
        if self._experts is not None:
            return self._experts if modules is EXPERTS else PLAIN
        found: tuple[int, Rule] | None = None
        for place, rule in (*self._everywhere, *self._by_layer.get(layer, ())):
            if self._names(place, rule.modules, layer, modules):
                self._used.add(place)
                found = (place, rule) if found is None or place < found[0] else found
        return self._usual if found is None else found[1].width

    def unexplained(self, layers: int) -> bool:
        """Whether a rule named none of the matrices, and nothing else that is known: then too little may count."""
        own = [pair for layer, pairs in self._by_layer.items() if layer < layers for pair in pairs]
        return any(
            place not in self._used and not rule.modules.means_nothing_counted
            for place, rule in (*self._everywhere, *own)
        )

    def _names(self, place: int, modules: Pattern, layer: int, names: tuple[str, ...]) -> bool:
        key = (place, layer if modules.varies else None, names)
        if modules.layer is not None:
            return modules.names(layer, names)
        if key not in self._found:
            self._found[key] = modules.names(layer, names)
        return self._found[key]
