"""Plans one large stack in this process and prints, as one JSON line, the processor time of each stage."""

import gc
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import stacks
import yaml

import catalog
import config
from config import stackfile
from planning.plan import contract
from planning.planner import Planned, build
from planning.resolving.resolution import Resolution
from planning.rules import REGISTER


def stages(models: int) -> dict[str, float]:
    """Seconds by stage, in the order in which they come."""
    found: dict[str, float] = defaultdict(float)
    sections = {f"{stacks.NAMESPACE}:{name}": value for name, value in stacks.sections(models).items()}
    text = yaml.safe_dump({"config": sections}, sort_keys=False)
    last = time.process_time()

    def lap(stage: str) -> None:
        nonlocal last
        now = time.process_time()
        found[stage] += now - last
        last = now

    read = stackfile.parse(text)
    lap("reading YAML")
    loaded = config.load(read.sections, read.problems)
    lap("reading settings")
    world = catalog.load()
    lap("reading the catalog")
    if loaded.settings is None:
        sys.exit(f"the stack of {models} models can't be read: {loaded.problems[0]}")
    resolution = Resolution(loaded.settings, world)
    _ = resolution.pools, resolution.models
    lap("resolving pools and models")
    findings = []
    # Values that several rules share are computed by the first of them.
    for name in sorted(REGISTER):
        findings += REGISTER[name].findings(resolution)
        lap(f"rules about {REGISTER[name].check.__module__.rpartition('.')[2]}")
    if any(finding.severity == "error" for finding in findings):
        sys.exit(f"the stack of {models} models is rejected: {findings}")
    stack = resolution.complete()
    if stack is None:
        sys.exit(f"the stack of {models} models has gaps that no rule reports")
    planned = Planned(build(stack), config.in_order(findings))
    lap("deciding the Plan")
    _ = sum(map(len, contract.text("dev", planned.findings, planned.plan, ())))
    lap("writing JSON")
    return found


if __name__ == "__main__":
    # As `python -m planning` does.
    gc.disable()
    print(json.dumps(stages(int(sys.argv[1]))))
