"""What one fresh process does while it is measured: `ours`, `floor` or `planning`, for a number of models.

Prints one JSON line. What checks and writes comes after the figures are taken, so it is not in them.
"""

import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

_START = time.perf_counter()
sys.path.insert(0, str(Path(__file__).parents[1]))

_KIB_PER_MIB = 1024 if sys.platform != "darwin" else 1024 * 1024  # macOS counts bytes


def _figures() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "wall_seconds": time.perf_counter() - _START,
        "peak_mib": used.ru_maxrss / _KIB_PER_MIB,
    }


def _ours(models: int, calls: Path) -> dict[str, Any]:
    import stacks  # noqa: PLC0415 - each subject pays for its own imports alone

    from preview.engine import preview  # noqa: PLC0415 - as above

    graph = preview(stacks.ROOT / "__main__.py", project=stacks.NAMESPACE, stack="dev", config=stacks.settings(models))
    figures = _figures()
    if not calls.exists():
        import transcript  # noqa: PLC0415 - as above

        transcript.write(graph, calls)
    return {**figures, "resources": len(graph.resources)}


def _floor(_models: int, calls: Path) -> dict[str, Any]:
    import floor  # noqa: PLC0415 - as above

    from preview.engine import preview  # noqa: PLC0415 - as above

    graph = preview(floor.program(calls), project="llm-platform", stack="dev", config={})
    figures = _figures()
    import transcript  # noqa: PLC0415 - as above

    different = transcript.differences(graph, calls)
    if different:
        sys.exit(
            f"the floor registers something else, in {len(different)} resources:\n  " + "\n  ".join(different[:20])
        )
    return {**figures, "resources": len(graph.resources)}


def _planning(models: int, _calls: Path) -> dict[str, Any]:
    import stacks  # noqa: PLC0415 - as above

    import catalog  # noqa: PLC0415 - as above
    import config  # noqa: PLC0415 - as above
    from planning import assess  # noqa: PLC0415 - as above

    sections, world = stacks.sections(models), catalog.load()
    before = time.process_time()
    loaded = config.load(sections)
    read = time.process_time()
    planned = assess(loaded, world)
    after = time.process_time()
    if planned.plan is None:
        sys.exit(f"the stack of {models} models is rejected: {planned.findings[0]}")
    return {**_figures(), "reading_seconds": read - before, "planning_seconds": after - read}


if __name__ == "__main__":
    # As `python -m preview` does: a process that ends after one graph has nothing to collect.
    gc.disable()
    subject = {"ours": _ours, "floor": _floor, "planning": _planning}[sys.argv[1]]
    print(json.dumps(subject(int(sys.argv[2]), Path(sys.argv[3]))))
