"""Mistakes about node pools: machines, MIG, drivers, spot."""

from broken.change import Broken, copy, put


def whole(vm_size: str, **more: object) -> tuple:
    """Another pool, of whole GPUs, that no model uses."""
    return (
        copy(
            "pools[0]",
            "pools[1]",
            name="other",
            vm_size=vm_size,
            gpu={"sharing": "none"},
            nodes={"min": 1, "max": 1},
            **more,
        ),
    )


TABLE = (
    Broken(
        "unknown VM size",
        (put("pools[0].vm_size", "Standard_NC40ads_H100"),),
        {("VM-UNKNOWN", "pools[0].vm_size"): ("`Standard_NC40ads_H100`", "did you mean `Standard_NC40ads_H100_v5`")},
    ),
    Broken(
        "inference pool without GPUs",
        whole("Standard_D8ds_v5"),
        {("VM-CLASS", "pools[1].vm_size"): ("has no GPU", "`inference`")},
    ),
    Broken(
        "GPU that vLLM's image doesn't run on",
        whole("Standard_ND128isr_NDR_GB200_v6"),
        {("VM-UNSUPPORTED", "pools[1].vm_size"): ("arm64", "`Standard_NC40ads_H100_v5`")},
    ),
    Broken(
        "MIG layout that doesn't pack",
        (put("pools[0].gpu.layout", ["3g.47gb", "3g.47gb", "1g.12gb"]),),
        {("MIG-PACKING", "pools[0].gpu.layout"): ("3g.47gb, 3g.47gb, 1g.12gb", "9 of 8 memory slots", "per GPU")},
    ),
    Broken(
        "one slice too many",
        (put("pools[0].gpu.layout", ["4g.47gb", "4g.47gb"]), put("models[0].slice", "4g.47gb"),
         put("models[1].slice", "4g.47gb")),
        {("MIG-PACKING", "pools[0].gpu.layout"): ("8 of 8 memory slots", "at most 1 of 4g.47gb")},
    ),
    Broken(
        "MIG profile of another GPU",
        (put("pools[0].gpu.layout", ["3g.40gb", "3g.40gb"]),),
        {
            ("MIG-PROFILE", "pools[0].gpu.layout[0]"): ("`3g.40gb`", "H100-NVL-94", "did you mean `3g.47gb`"),
            ("MIG-PROFILE", "pools[0].gpu.layout[1]"): ("`3g.40gb`", "`7g.94gb`"),
        },
    ),
    Broken(
        "MIG on a GPU without MIG",
        (put("pools[0].vm_size", "Standard_NC16as_T4_v3"),),
        {("MIG-GPU", "pools[0].gpu.sharing"): ("T4", "has no MIG", "`Standard_NC24ads_A100_v4`")},
    ),
    Broken(
        "slices with media engines",
        (put("pools[0].gpu.layout", ["3g.47gb", "3g.47gb"]),
         copy("pools[0]", "pools[1]", name="me", gpu={"sharing": "mig", "layout": ["1g.12gb+me"]})),
        {("MIG-UNSUPPORTED", "pools[1].gpu.layout[0]"): ("`1g.12gb+me`", "write `1g.12gb`")},
    ),
    Broken(
        "MIG without a layout",
        (put("pools[0].gpu", {"sharing": "mig"}),),
        {("CFG-VALUE", "pools[0].gpu"): ("sharing `mig` needs a `layout`", "add layout")},
    ),
    Broken(
        "layout without MIG",
        (put("pools[0].gpu", {"layout": ["3g.47gb"]}),),
        {("CFG-VALUE", "pools[0].gpu"): ("only valid with sharing `mig`", "write sharing: mig")},
    ),
    Broken(
        "MIG pool of the operator's that may be empty",
        (put("pools[0].nodes.min", 0), put("cluster.gpu_driver", "operator")),
        {("MIG-SCALE-ZERO", "pools[0].nodes.min"): ("can't scale from zero", "write 1 or more", "gpu_driver: aks")},
    ),
    Broken(
        "MIG pool that leaves a part of the GPU free and may be empty",
        (put("pools[0].nodes.min", 0), put("pools[0].gpu.layout", ["3g.47gb"]), put("pools[0].nodes.max", 5)),
        {("MIG-SCALE-ZERO", "pools[0].nodes.min"): ("can't scale from zero", "as often as a GPU holds it")},
    ),
    Broken(
        "slices of two sizes on a pool that is to grow",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("models[0].replicas", {"min": 1, "max": 1})),
        {("MIG-FIXED", "pools[0].nodes.max"): ("3, but `h100` stays at 1", "no `nvidia.com/gpu`", "write min: 3 too")},
    ),
    Broken(
        "GPUs of one node with different slices on a pool that is to grow",
        (put("pools[0].gpu", {"sharing": "mig", "layouts": [["7g.94gb"], ["3g.47gb", "3g.47gb"]]}),
         put("pools[0].vm_size", "Standard_NC80adis_H100_v5"), put("pools[0].nodes", {"min": 2, "max": 4}),
         put("models[0].replicas", {"min": 1, "max": 3})),
        {("MIG-FIXED", "pools[0].nodes.max"): ("stays at 2", "`3g.47gb`, `7g.94gb`", "use one profile")},
    ),
    Broken(
        "slices of two sizes, shared by turns, on a pool that is to grow",
        (copy("pools[0]", "pools[1]", name="turns", nodes={"min": 1, "max": 2},
              gpu={"sharing": "time-slicing", "replicas": 2, "layout": ["4g.47gb", "3g.47gb"]}),),
        {("MIG-FIXED", "pools[1].nodes.max"): ("2, but `turns` stays at 1",)},
    ),
    Broken(
        "slices of two sizes on a pool that is to be empty and to grow",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("models[0].replicas", {"min": 1, "max": 1}),
         put("pools[0].nodes.min", 0)),
        {
            ("MIG-FIXED", "pools[0].nodes.max"): ("stays at 0", "write min: 3 too; or"),
            ("MIG-SCALE-ZERO", "pools[0].nodes.min"): ("several profiles",),
            ("PLACE-CAPACITY", "models[0].replicas.max"): ("never grows beyond nodes.min", "nodes.min and nodes.max"),
            ("PLACE-CAPACITY", "models[1].replicas.max"): ("0 available",),
        },
    ),
    Broken(
        "more replicas than a pool of two sizes of slices holds",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("pools[0].nodes", {"min": 2, "max": 2})),
        {
            ("PLACE-CAPACITY", "models[0].replicas.max"):
                ("1 of 3 replicas", "2 nodes: with slices of several MIG profiles", "nodes.min and nodes.max to 3")
        },
    ),
    Broken(
        "GPU nodes without nvidia.com/gpu that stop the autoscaler",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("pools[0].nodes", {"min": 6, "max": 6})),
        {
            ("AUTOSCALER-UNREADY", "pools[0].nodes.min"):
                ("6 of at least 9 nodes", "more than 3 that are more than 45 %", "write 3 such nodes or fewer")
        },
    ),
    Broken(
        "two pools that stop the autoscaler together",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("pools[0].nodes", {"min": 3, "max": 3}),
         copy("pools[0]", "pools[1]", name="more", nodes={"min": 1, "max": 1}),
         copy("pools[0]", "pools[2]", name="grows", nodes={"min": 0, "max": 9}, gpu={"sharing": "none"})),
        {("AUTOSCALER-UNREADY", "pools[0].nodes.min"): ("`h100`, `more`: 4 of at least 7 nodes",)},
    ),
    Broken(
        "spot nodes that alone keep the autoscaler on",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("pools[0].nodes", {"min": 4, "max": 4}),
         copy("pools[0]", "pools[1]", name="away", nodes={"min": 3, "max": 3}, gpu={"sharing": "none"},
              capacity="spot")),
        {("AUTOSCALER-UNREADY", "pools[0].nodes.min"): ("4 of at least 7 nodes", "spot nodes left out")},
    ),
    Broken(
        "slices of two sizes on a pool that is to be empty or to have one node",
        (put("pools[0].gpu.layout", ["4g.47gb", "3g.47gb"]), put("models[0].slice", "3g.47gb"),
         put("models[1].slice", "4g.47gb"), put("models[0].replicas", {"min": 1, "max": 1}),
         put("pools[0].nodes", {"min": 0, "max": 1})),
        {
            ("MIG-FIXED", "pools[0].nodes.max"): ("1, but `h100` stays at 0", "write min: 1 too; or use one profile"),
            ("MIG-SCALE-ZERO", "pools[0].nodes.min"): ("several profiles", "write 1 or more"),
            ("PLACE-CAPACITY", "models[0].replicas.max"): ("never grows beyond nodes.min",),
            ("PLACE-CAPACITY", "models[1].replicas.max"): ("0 available",),
        },
    ),
    Broken(
        "sharing that isn't offered",
        (put("pools[0].gpu.sharing", "vgpu"),),
        {("CFG-VALUE", "pools[0].gpu.sharing"): ('"vgpu"', "`none`, `mig`, `time-slicing`, `mps`")},
    ),
    Broken(
        "MPS on slices",
        (put("pools[0].gpu", {"sharing": "mps", "replicas": 2, "layout": ["3g.47gb", "3g.47gb"]}),),
        {("CFG-VALUE", "pools[0].gpu"): ("no MPS on MIG", "write sharing: time-slicing")},
    ),
    Broken(
        "shares without a number",
        (put("pools[0].gpu", {"sharing": "time-slicing"}),),
        {("CFG-VALUE", "pools[0].gpu"): ("needs `replicas`", "add replicas")},
    ),
    Broken(
        "a share for one",
        (put("pools[0].gpu", {"sharing": "time-slicing", "replicas": 1}),),
        {("CFG-VALUE", "pools[0].gpu.replicas"): ("1 is below 2", "2 to 250")},
    ),
    Broken(
        "replicas without sharing",
        (put("pools[0].gpu.replicas", 2),),
        {("CFG-VALUE", "pools[0].gpu"): ("only valid with sharing `time-slicing` or `mps`", "leave `replicas` out")},
    ),
    Broken(
        "two layouts of one GPU",
        (put("pools[0].gpu.layouts", [["3g.47gb"]]),),
        {("CFG-VALUE", "pools[0].gpu"): ("are both given", "leave one of them out")},
    ),
    Broken(
        "a layout for a GPU that isn't there, and one that doesn't pack",
        (put("pools[0].gpu", {"sharing": "mig", "layouts": [["3g.47gb"], ["3g.47gb", "4g.47gb", "1g.12gb"]]}),),
        {
            ("MIG-LAYOUTS", "pools[0].gpu.layouts"): ("2 layouts", "has 1 GPUs"),
            ("MIG-PACKING", "pools[0].gpu.layouts[1]"): ("9 of 8 memory slots",),
        },
    ),
    Broken(
        "driver owned by two",
        (put("pools[0].gpu.driver", "operator"),),
        {("DRV-OWNER", "pools[0].gpu.driver"): ("`operator`", "cluster.gpu_driver says `aks`", "one owner")},
    ),
    Broken(
        "fewest nodes above most",
        (put("pools[0].nodes", {"min": 4, "max": 3}),),
        {("CFG-VALUE", "pools[0].nodes"): ("min (4) is above max (3)",)},
    ),
    Broken(
        "spot pool deleted first",
        whole("Standard_NC40ads_H100_v5", capacity="spot", rotation="delete-first"),
        {("SPOT-ROTATION", "pools[1].rotation"): ("`delete-first`", "write `create-first`")},
    ),
    Broken(
        "taint of the wrong form",
        whole("Standard_NC40ads_H100_v5", taints=["team"]),
        {("CFG-VALUE", "pools[1].taints[0]"): ('"team"', "key=value:NoSchedule")},
    ),
    Broken(
        "taint that the platform sets",
        whole("Standard_NC40ads_H100_v5", taints=["nvidia.com/gpu=other:NoSchedule"]),
        {("POOL-TAINT", "pools[1].taints[0]"): ("`nvidia.com/gpu`", "leave it out")},
    ),
    Broken(
        "taint that Kubernetes removes",
        whole("Standard_NC40ads_H100_v5", taints=["node.kubernetes.io/not-ready=x:NoExecute"]),
        {("POOL-TAINT", "pools[1].taints[0]"): ("`node.kubernetes.io/not-ready`", "leave it out")},
    ),
    Broken(
        "system disk too small",
        (put("pools[0].os_disk_gib", 64),),
        {("CFG-VALUE", "pools[0].os_disk_gib"): ("64 is below 128", "128 to 2048")},
    ),
)  # fmt: skip
