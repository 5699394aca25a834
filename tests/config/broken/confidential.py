"""Mistakes about confidential GPU pools."""

from typing import Any

from broken.change import Broken, drop, put

_SIZE = "Standard_NCC40ads_H100_v5"
_WHOLE = (
    put("pools[0].vm_size", _SIZE), put("pools[0].gpu", {"sharing": "none"}),
    put("pools[0].nodes", {"min": 2, "max": 4}), drop("models[0].slice"), drop("models[1].slice"),
)  # fmt: skip


def _signed(version: Any) -> tuple[Any, ...]:
    return (put("cluster.gpu_driver", "operator"), put("cluster.signed_driver", version))


TABLE = (
    Broken(
        "confidential GPUs with the driver of AKS",
        _WHOLE,
        {("CONF-OWNER", "pools[0].vm_size"): ("AKS installs no driver", "cluster.gpu_driver: operator")},
    ),
    Broken(
        "confidential GPUs without a signed driver",
        (*_WHOLE, put("cluster.gpu_driver", "operator")),
        {("CONF-DRIVER", "pools[0].vm_size"): ("cluster.signed_driver", "nvcr.io/nvidia/driver")},
    ),
    Broken(
        "confidential GPUs in slices",
        (put("pools[0].vm_size", _SIZE), *_signed("580.65.06")),
        {("CONF-SHARING", "pools[0].gpu.sharing"): ("`mig`", "write none")},
    ),
    Broken(
        "signed driver with the name of the nodes' system, which the operator adds itself",
        (*_WHOLE, *_signed("580.65.06-signed-ubuntu24.04")),
        {("CFG-VALUE", "cluster.signed_driver"): ('"580.65.06"',)},
    ),
    Broken(
        "signed driver that is older than vLLM needs",
        (*_WHOLE, *_signed("550.90.07")),
        {
            ("VERSION-CUDA", "models[0].engine.version"): ("550.90.07", "cluster.signed_driver: 580"),
            ("VERSION-CUDA", "models[1].engine.version"): ("550.90.07",),
        },
    ),
    Broken(
        "signed driver without a confidential pool",
        _signed("580.65.06"),
        {("CONF-SIGNED-UNUSED", "cluster.signed_driver"): ("no pool is confidential",)},
    ),
)
