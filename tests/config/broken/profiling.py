"""Mistakes in what lets models and GPUs be profiled."""

from broken.change import Broken, put

_MODEL, _GPUS = "models[0].profiling", "observability.gpu_profiling"
_OWN = {"profiler": "torch", "torch_profiler_dir": "/tmp"}  # noqa: S108 - a folder that a stack file names

TABLE = (
    Broken("a model that may perhaps be profiled", (put(_MODEL, "maybe"),), {("CFG-VALUE", _MODEL): ("true",)}),
    Broken("seconds in place of a switch", (put(_MODEL, 10),), {("CFG-VALUE", _MODEL): ("true",)}),
    Broken("counters of GPUs in words", (put(_GPUS, "sm_active"),), {("CFG-VALUE", _GPUS): ("true",)}),
    Broken(
        "counters of GPUs as a list",
        (put(_GPUS, ["DCGM_FI_PROF_SM_ACTIVE"]),),
        {("CFG-VALUE", _GPUS): ("true",)},
    ),
    Broken(
        "the profiler set twice",
        (
            put(_MODEL, True),
            put("models[0].engine.args.profiler-config", _OWN),
            put("models[0].engine.unsafe", [{"flag": "profiler-config", "reason": "our own folder"}]),
        ),
        {("PROFILE-TWICE", "models[0].engine.args.profiler-config"): ("leave `profiler-config` out",)},
    ),
    Broken(
        "the profiler without its reason",
        (put("models[0].engine.args.profiler-config", _OWN),),
        {("ENGINE-FORBIDDEN", "models[0].engine.args.profiler-config"): ("profile",)},
    ),
)
