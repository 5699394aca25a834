"""The command `fit` as tests run it."""

from collections.abc import Callable

# Arguments to exit code, standard output and standard error.
RunFit = Callable[..., tuple[int, str, str]]
