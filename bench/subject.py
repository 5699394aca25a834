"""What one fresh process does while it is measured: `ours` or `floor`; `stack` and `file` prepare stacks, unmeasured.

Arguments: the subject, the number of models, and a folder where the stack's settings (by `stack`) and the floor's calls
(by the first `ours`) are kept. Prints one JSON line. Checking and writing come after the figures are taken, so they are
not in them.
"""

import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

_START = time.perf_counter()
_ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(_ROOT))

_SETTINGS, _CALLS = "settings.json", "calls"

_KIB_PER_MIB = 1024 if sys.platform != "darwin" else 1024 * 1024  # macOS counts bytes


def _figures() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "wall_seconds": time.perf_counter() - _START,
        "peak_mib": used.ru_maxrss / _KIB_PER_MIB,
    }


def _stack(models: int, folder: Path) -> dict[str, Any]:
    import stacks  # noqa: PLC0415 - each subject pays for its own imports alone

    (folder / _SETTINGS).write_text(json.dumps(stacks.settings(models)), encoding="utf-8")
    return {}


def _file(models: int, folder: Path) -> dict[str, Any]:
    import stacks  # noqa: PLC0415 - as above
    import yaml  # noqa: PLC0415 - as above

    config = {f"{stacks.NAMESPACE}:{name}": value for name, value in stacks.sections(models).items()}
    text = yaml.safe_dump({"config": config}, sort_keys=False)
    (folder / "Pulumi.bench.yaml").write_text(text, encoding="utf-8")
    return {}


def _ours(_models: int, folder: Path) -> dict[str, Any]:
    from preview.engine import preview  # noqa: PLC0415 - as above

    settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    graph = preview(_ROOT / "__main__.py", project="llm-platform", stack="dev", config=settings)
    figures = _figures()
    calls = folder / _CALLS
    if not calls.exists():
        import transcript  # noqa: PLC0415 - as above

        transcript.write(graph, calls)
    return {**figures, "resources": len(graph.resources)}


def _floor(_models: int, folder: Path) -> dict[str, Any]:
    import floor  # noqa: PLC0415 - as above

    from preview.engine import preview  # noqa: PLC0415 - as above

    calls = folder / _CALLS
    graph = preview(floor.program(calls), project="llm-platform", stack="dev", config={})
    figures = _figures()
    import transcript  # noqa: PLC0415 - as above

    different = transcript.differences(graph, calls)
    if different:
        sys.exit(
            f"the floor registers something else, in {len(different)} resources:\n  " + "\n  ".join(different[:20])
        )
    return {**figures, "resources": len(graph.resources)}


if __name__ == "__main__":
    # As `python -m preview` does: a process that ends after one graph has nothing to collect.
    gc.disable()
    subject = {"stack": _stack, "file": _file, "ours": _ours, "floor": _floor}[sys.argv[1]]
    print(json.dumps(subject(int(sys.argv[2]), Path(sys.argv[3]))))
