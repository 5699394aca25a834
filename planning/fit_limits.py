"""The largest figures that `fit` takes: as in a stack file, far above any real one, so that results are numbers."""

from typing import Final

MOST_GIB: Final = 100_000
MOST_BYTES: Final = MOST_GIB * 1024**3
MOST_GPUS: Final = 1024
MOST_TOKENS: Final = 100_000_000
MOST_REQUESTS: Final = 1_000_000
MOST_DRAFTED: Final = 1000
# Of adapters, as many as requests; vLLM's own largest rank is 512.
MOST_ADAPTERS: Final = MOST_REQUESTS
MOST_RANK: Final = 65_536
