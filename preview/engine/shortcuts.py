"""Work of the SDK that no preview shows, skipped while one runs: it takes most of the time of a large graph."""

import asyncio
import contextlib
import gc
from collections.abc import Generator
from types import ModuleType, SimpleNamespace

from pulumi import Alias, Input, Output, Resource
from pulumi import resource as sdk_resource
from pulumi.runtime import resource as sdk_registration
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto.source_pb2 import StackTrace

_NO_TRACE = StackTrace()
# Waits until all have ended or one has failed, where the SDK waits until any has ended.
_WAITING_FOR_ALL = SimpleNamespace(**{**vars(asyncio), "FIRST_COMPLETED": asyncio.FIRST_EXCEPTION})
_collapse = sdk_resource.collapse_alias_to_urn


@contextlib.contextmanager
def shortcuts() -> Generator[None]:
    """Skip the work within a `with` block, in the whole process; afterwards everything is as before."""
    with contextlib.ExitStack() as stack:
        # Reading the call stack at every registration serves source positions alone. The SDK has no switch for it.
        stack.enter_context(_replaced(sdk_registration, "_get_stack_trace", lambda: _NO_TRACE))
        # An Azure resource brings up to 110 aliases. The SDK turns each into a URN that it reads again only for engines
        # older than alias specs (runtime/resource.py, `all_aliases`): 22 ms for one agent pool.
        stack.enter_context(_replaced(sdk_resource, "collapse_alias_to_urn", _collapse_if_odd))
        # The SDK checks all outputs that are still open again each time that some are done (`wait_for_rpcs`): with
        # 1,000 models that is two fifths of the time, and it grows with the square.
        stack.enter_context(_replaced(sdk_stack, "asyncio", _WAITING_FOR_ALL))
        # A graph under construction is all live: with 3,600 resources, scanning it for cycles again and again takes two
        # thirds of the time, to free a tenth of the memory.
        if gc.isenabled():
            gc.disable()
            stack.callback(gc.enable)
        yield


@contextlib.contextmanager
def _replaced(module: ModuleType, name: str, substitute: object) -> Generator[None]:
    original = getattr(module, name)
    setattr(module, name, substitute)
    try:
        yield
    finally:
        setattr(module, name, original)


def _collapse_if_odd(
    alias: Input[Alias | str], name: str, type_token: str, parent: Resource | None
) -> Output[str] | Input[Alias | str]:
    # An alias that comes as an output may fail, and one without a name is refused: both must still do so.
    plain = isinstance(alias, str) or (isinstance(alias, Alias) and alias.name is not None and alias.type_ is not None)
    return alias if plain else _collapse(alias, name, type_token, parent)
