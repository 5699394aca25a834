"""Mistakes about versions that a stack file pins, and about those that it doesn't."""

from broken.change import Broken, put

_KUBERNETES, _ENGINE = "cluster.kubernetes", "models[0].engine.version"
_MINOR = ("minor version", '"1.36"', "Azure picks the patch")

TABLE = (
    Broken(
        "patch version of Kubernetes",
        (put(_KUBERNETES, "1.36.4"),),
        {("CFG-VALUE", _KUBERNETES): ('"1.36.4"', *_MINOR)},
    ),
    Broken(
        "v before the version of Kubernetes",
        (put(_KUBERNETES, "v1.36"),),
        {("CFG-VALUE", _KUBERNETES): ('"v1.36"', *_MINOR)},
    ),
    Broken(
        "Kubernetes whose community support has ended",
        (put(_KUBERNETES, "1.33"),),
        {("K8S-LTS", _KUBERNETES): ("1.33 ended in 2026-07", "`1.34`", "`1.36`")},
    ),
    Broken(
        "latest as the version of vLLM",
        (put(_ENGINE, "latest"),),
        {("CFG-VALUE", _ENGINE): ('"latest"', "three numbers", "0.33.0")},
    ),
    Broken(
        "v before the version of vLLM",
        (put(_ENGINE, "v0.33.0"),),
        {("CFG-VALUE", _ENGINE): ('"v0.33.0"', "three numbers", "0.33.0")},
    ),
    Broken(
        "image of vLLM beside its version",
        (put("models[0].engine.image", "vllm/vllm-openai:nightly"),),
        {("CFG-UNKNOWN-KEY", "models[0].engine.image"): ("`image`", "`version`", "remove `image`")},
    ),
    Broken(
        "version of a chart, which is the platform's own",
        (put("gateway.version", "v1.9.1"), put("observability.version", "88.5.3")),
        {
            ("CFG-UNKNOWN-KEY", "gateway.version"): ("`version`", "remove `version`", "the platform's own"),
            ("CFG-UNKNOWN-KEY", "observability.version"): ("`version`", "remove `version`", "the platform's own"),
        },
    ),
    Broken(
        "two versions that are numbers",
        (put(_KUBERNETES, 1.36), put(_ENGINE, 0.33)),
        {("CFG-QUOTE", _KUBERNETES): ("1.36", "in quotes"), ("CFG-QUOTE", _ENGINE): ("0.33", "in quotes", "0.33.0")},
    ),
)
