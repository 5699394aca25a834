"""The pool of blocks on one GPU: which layers share a table of blocks, and how many blocks a request takes.

Source: vLLM 0.33 vllm/v1/core/kv_cache_planning.py (get_kv_cache_groups, unify_kv_cache_spec_page_size,
_get_kv_cache_groups_uniform_page_size, _max_memory_usage_bytes_from_groups), kv_cache_interface.py (blocks of a
request). Layouts are layer by layer, but for states beside latent attention with a pooled index: those are packed.
"""

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from catalog import ModelArchitecture
from planning.memory.architecture import keeps_no_cache
from planning.memory.demand import Demand
from planning.memory.layer_cache import LayerCache, layer_caches

# Where the largest kind has less than 1.5 times as many layers as the smallest, groups are as large as the largest.
_PAD_UP_TO = 1.5

# Tables of blocks, and for each the layers in it with the bytes of each layer's page.
_Members = list[tuple[tuple[int, ...], Sequence[int]]]


class BlockPool(Struct, frozen=True):
    """Blocks of `block_bytes` on the fullest GPU; a request takes some for each of the `tables`, none for encoders."""

    block_bytes: int
    tables: tuple[LayerCache, ...]
    in_flight_tokens: int

    def blocks_of(self, tokens: int) -> int:
        """Most blocks that one request of `tokens` tokens takes."""
        return sum(_blocks(table, tokens, self.in_flight_tokens) for table in self.tables)

    @property
    def block_tokens(self) -> int:
        """Tokens of a block: of the layers that keep every token, where there are any."""
        return max((table.block_tokens for table in self._growing or self.tables), default=0)

    @property
    def token_bytes(self) -> int:
        """Bytes that one more token of a long request takes; of a short one where every layer has a window or state."""
        tables = self._growing or self.tables
        return sum(self.block_bytes // table.block_tokens for table in tables)

    @property
    def has_states(self) -> bool:
        """Whether some layers keep a state: every sequence needs a block for it."""
        return any(table.kind == "linear" for table in self.tables)

    @property
    def _growing(self) -> tuple[LayerCache, ...]:
        return tuple(table for table in self.tables if table.kind in ("full", "mla"))


def block_pool(model: ModelArchitecture, demand: Demand) -> BlockPool:
    """The pool of the pipeline stage with the largest blocks, which decides for all stages.

    Raises:
        ValueError: the model's attention layers are not in the catalog.
    """
    if keeps_no_cache(model):
        return BlockPool(0, (), demand.in_flight_tokens)
    layers = layer_caches(model, demand)
    tables, members = _tables(layers)
    drafts = demand.draft.layers if demand.draft else 0
    sizes = list(demand.stage_layers(len(layers) - drafts))
    # The draft runs behind the last stage.
    sizes[-1] += drafts
    starts = [sum(sizes[:stage]) for stage in range(len(sizes))]
    largest = max(
        max(
            sum(pages[index] for index in table if start <= index < start + size)
            for table, pages in members
        )
        for start, size in zip(starts, sizes, strict=True)
    )  # fmt: skip
    return BlockPool(largest, tables, demand.in_flight_tokens)


def _tables(layers: Sequence[LayerCache]) -> tuple[tuple[LayerCache, ...], _Members]:
    if _uniform(layers):
        pages = [layer.page_bytes for layer in layers]
        return (layers[0],), [(tuple(range(len(layers))), pages)]
    if any(layer.indexed for layer in layers):
        return _packed(layers)
    equal = _equal_pages(layers)
    pages = [layer.page_bytes for layer in equal]
    kinds: dict[LayerCache, list[int]] = {}
    for index, layer in enumerate(equal):
        kinds.setdefault(layer, []).append(index)
    fewest, most = min(map(len, kinds.values())), max(map(len, kinds.values()))
    size = most if most < fewest * _PAD_UP_TO else fewest
    tables: list[LayerCache] = []
    members: _Members = []
    for layer, indexes in kinds.items():
        count = math.ceil(len(indexes) / size)
        tables += [layer] * count
        members += [(tuple(indexes[first::count]), pages) for first in range(count)]
    return tuple(tables), members


def _packed(layers: Sequence[LayerCache]) -> tuple[tuple[LayerCache, ...], _Members]:
    """A block holds a page of every layer with an index; states are in tables of as many as fit in such a block.

    A request takes one block more for the entries that its index hasn't pooled yet.
    Source: vLLM 0.33 kv_cache_planning.py _get_packed_kv_cache_groups, vllm/models/glm5next/common/attention.py.
    """
    pages = [layer.page_bytes for layer in layers]
    growing = tuple(index for index, layer in enumerate(layers) if layer.kind != "linear")
    states = [index for index, layer in enumerate(layers) if layer.kind == "linear"]
    first, state = layers[growing[0]], layers[states[0]]
    count = math.ceil(len(states) / (sum(pages[index] for index in growing) // state.page_bytes))
    tables = (first, *[state] * count, replace(state, reach=1))
    return tables, [(growing, pages), *((tuple(states[start::count]), pages) for start in range(count))]


def _uniform(layers: Sequence[LayerCache]) -> bool:
    """Whether all layers need blocks for the same tokens, however large their pages are."""
    kinds = {("full" if layer.kind == "mla" else layer.kind, layer.block_tokens, layer.reach) for layer in layers}
    return len(kinds) == 1


def _equal_pages(layers: Sequence[LayerCache]) -> list[LayerCache]:
    """The same layers with pages of one size: blocks of more tokens where that divides evenly, else padded pages."""
    largest = max(layer.page_bytes for layer in layers)
    equal = []
    for layer in layers:
        if layer.kind != "linear" and largest % layer.page_bytes == 0:
            times = largest // layer.page_bytes
            equal.append(replace(layer, block_tokens=layer.block_tokens * times, page_bytes=largest))
        else:
            equal.append(replace(layer, page_bytes=largest))
    return equal


def _blocks(table: LayerCache, tokens: int, in_flight: int) -> int:
    if table.kind == "linear":
        return table.reach
    if table.kind == "sliding":
        # One block more, since a window need not begin at a block's boundary.
        return math.ceil(min(table.reach - 1 + in_flight, tokens) / table.block_tokens) + 1
    if table.kind == "chunked":
        return math.ceil(min(table.reach + in_flight, tokens) / table.block_tokens)
    return math.ceil(tokens / table.block_tokens)
