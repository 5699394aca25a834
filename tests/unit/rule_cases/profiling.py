"""What breaks and what keeps each rule of planning/rules/profiling.py."""

from rule_cases.case import Case

UNSAFE = [{"flag": "profiler-config", "reason": "traces go to our own disk"}]
OWN = {"models[0].engine.args.profiler-config": {"profiler": "cuda"}, "models[0].engine.unsafe": UNSAFE}

CASES: dict[str, Case] = {
    "PROFILE-TWICE": Case({"models[0].profiling": True, **OWN}, {"models[0].profiling": False, **OWN}),
    "PROFILE-OPEN": Case(
        {"models[0].profiling": True, "platform.environment": "prod"},
        {"models[0].profiling": True, "platform.environment": "test"},
    ),
}
