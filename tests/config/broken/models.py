"""Mistakes about models: unknown models, models that don't fit, pools that can't hold them."""

from broken.change import Broken, copy, drop, put

LLAMA_70B = {"huggingface": "meta-llama/Llama-3.3-70B-Instruct", "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b"}
TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz"


def gpus(vm_size: str = "Standard_NC80adis_H100_v5", **more: object) -> tuple:
    """A pool of whole GPUs, and the first model on it."""
    return (
        copy("pools[0]", "pools[1]", name="whole", vm_size=vm_size, gpu={"sharing": "none"}, **more),
        put("models[0].pool", "whole"),
        drop("models[0].slice"),
    )


TABLE = (
    Broken(
        "unknown model",
        (put("models[0].source.huggingface", "Qwen/Qwen3-9B"),),
        {("MODEL-UNKNOWN", "models[0].source.huggingface"): ("`Qwen/Qwen3-9B`", "did you mean", "or `Qwen/Qwen3-8B`")},
    ),
    Broken(
        "model whose weights nobody has measured",
        (
            put("models[0].source.huggingface", "meta-llama/Llama-4-Scout-17B-16E-Instruct"),
            put("security.hugging_face_token", "hugging-face"),
        ),
        {("MODEL-ATTENTION", "models[0].source"): ("Llama-4-Scout", "size of its weights", "`Qwen/Qwen3-8B`")},
    ),
    Broken(
        "revision that is a branch",
        (put("models[0].source.revision", "main"),),
        {("CFG-VALUE", "models[0].source.revision"): ('"main"', "40 hexadecimal digits")},
    ),
    Broken(
        "revision cut short",
        (put("models[0].source.revision", "b968826"),),
        {("CFG-VALUE", "models[0].source.revision"): ('"b968826"', "40 hexadecimal digits")},
    ),
    Broken(
        "revision that YAML reads as a number",
        (put("models[0].source.revision", "REVISION"),),
        {("CFG-QUOTE", "models[0].source.revision"): ("must be a string", "in quotes", "40 hexadecimal digits")},
        text=lambda text: text.replace("REVISION", "12345e10"),
    ),
    Broken(
        "no revision",
        (drop("models[0].source.revision"),),
        {("CFG-VALUE", "models[0].source"): ("without `revision`", "add revision: a commit")},
    ),
    Broken(
        "two origins",
        (put("models[0].source.blob", "qwen3-8b"),),
        {("CFG-VALUE", "models[0].source"): ("both are given", "exactly one")},
    ),
    Broken(
        "weights in the store that Hugging Face would ask a token for",
        (put("models[0].source", {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B", "gated": True}),),
        {("CFG-VALUE", "models[0].source"): ("`gated` is only valid with `huggingface`", "leave `gated` out")},
    ),
    Broken(
        "gated model without a token",
        (*gpus(), put("models[0].source", LLAMA_70B), put("models[0].engine.tensor_parallel", 2),
         drop("models[0].engine.args"), put("models[0].concurrency", 1)),
        {("SEC-HF-TOKEN", "security.hugging_face_token"): ("gated", "models[0]", "vault's secret")},
    ),
    Broken(
        "weights that don't fit",
        (put("models[0].source", {**LLAMA_70B, "huggingface": "Qwen/Qwen3-32B"}),),
        {("FIT-WEIGHTS", "models[0].pool"): ("61.43 GiB of weights", "3g.47gb of H100-NVL-94", "larger GPU")},
    ),
    Broken(
        "context that doesn't fit",
        (put("pools[0].gpu.layout", ["3g.47gb", "2g.24gb", "2g.24gb"]), put("models[0].slice", "2g.24gb"),
         put("models[1].slice", "3g.47gb"), put("models[0].concurrency", 1), put("pools[0].nodes.min", 3)),
        {("FIT-CONTEXT", "models[0].context"): ("32,768 tokens", "2g.24gb", "write context:", "fp8")},
    ),
    Broken(
        "concurrency that doesn't fit",
        (put("models[0].concurrency", 6),),
        {("FIT-CONCURRENCY", "models[0].concurrency"): ("6 requests of 32,768", "196,608", "concurrency: 5", "fp8")},
    ),
    Broken(
        "context beyond the model's own",
        (put("models[0].context", 65536), put("models[0].concurrency", 1)),
        {("MODEL-CONTEXT", "models[0].context"): ("`Qwen/Qwen3-8B` takes 40960", "write 40960 or less")},
    ),
    Broken(
        "context as text",
        (put("models[0].context", "32768"),),
        {("CFG-VALUE", "models[0].context"): ('"32768"', "write 32768 without quotes")},
    ),
    Broken(
        "model id that is a path",
        (put("models[0].source.huggingface", "Qwen/.."),),
        {("CFG-VALUE", "models[0].source.huggingface"): ("Qwen/..", "such as Qwen/Qwen3-8B")},
    ),
    Broken(
        "manifest of weights with a commit, which names every file by itself",
        (put("models[0].source.manifest_sha256", "0" * 64),),
        {("CFG-VALUE", "models[0].source"): ("only valid with `blob`", "leave it out")},
    ),
    Broken(
        "manifest that is no digest",
        (put("models[0].source", {"blob": "qwen3-8b/2026-11", "model": "Qwen/Qwen3-8B", "manifest_sha256": "abc"}),),
        {("CFG-VALUE", "models[0].source.manifest_sha256"): ("abc", "64 hexadecimal digits")},
    ),
    Broken(
        "tensor parallel that divides nothing",
        (*gpus("Standard_NC96ads_A100_v4"), put("models[0].engine.tensor_parallel", 3)),
        {("TP-HEADS", "models[0].engine.tensor_parallel"): ("3 doesn't divide 32 heads", "`1`, `2`, `4`")},
    ),
    Broken(
        "tensor parallel over slices",
        (put("models[0].engine.tensor_parallel", 2),),
        {("TP-DEVICES", "models[0].engine.tensor_parallel"): ("MIG slices", "write 1", "whole GPUs")},
    ),
    Broken(
        "more GPUs than one node offers",
        (*gpus(), put("models[0].engine.tensor_parallel", 4)),
        {("TP-DEVICES", "models[0].engine.tensor_parallel"): ("4 GPUs", "`whole`", "has 2")},
    ),
    Broken(
        "pool that isn't declared",
        (put("models[0].pool", "h200"),),
        {("POOL-UNKNOWN", "models[0].pool"): ("`h200`", "pools[0].name: h100", "did you mean `h100`")},
    ),
    Broken(
        "slice that the pool doesn't offer",
        (put("models[0].slice", "4g.47gb"),),
        {("MIG-SLICE", "models[0].slice"): ("`4g.47gb`", "`3g.47gb`")},
    ),
    Broken(
        "slice left open",
        (put("pools[0].gpu.layout", ["3g.47gb", "2g.24gb", "2g.24gb"]), put("pools[0].nodes.min", 3),
         drop("models[0].slice")),
        {("MIG-SLICE", "models[0].slice"): ("`2g.24gb`, `3g.47gb`", "add slice")},
    ),
    Broken(
        "taint that is not tolerated",
        (put("pools[0].taints", ["team=research:NoSchedule"]),),
        {
            ("PLACE-TAINT", "models[0].tolerates"): ("`team=research:NoSchedule`", "add tolerates: [team]"),
            ("PLACE-TAINT", "models[1].tolerates"): ("`embed`", "add tolerates: [team]"),
        },
    ),
    Broken(
        "toleration of nothing",
        (put("models[0].tolerates", ["team"]),),
        {("PLACE-TAINT", "models[0].tolerates[0]"): ("`team`", "pools[0].taints", "leave it out")},
    ),
    Broken(
        "pool too small",
        (put("pools[0].nodes", {"min": 1, "max": 1}),),
        {
            ("PLACE-CAPACITY", "models[0].replicas.max"): ("1 of 3 replicas", "4 of nvidia.com/gpu (3g.47gb) required"),
            ("PLACE-CAPACITY", "models[1].replicas.max"): ("1 of 1 replicas", "2 available"),
        },
    ),
    Broken(
        "more replicas than the pool holds",
        (put("models[0].replicas.max", 9),),
        {
            ("PLACE-CAPACITY", "models[0].replicas.max"): ("3 of 9 replicas", "`h100`", "raise pools[0].nodes.max"),
            ("PLACE-CAPACITY", "models[1].replicas.max"): ("1 of 1 replicas", "fewer replicas"),
        },
    ),
    Broken(
        "replica larger than a node",
        (put("models[0].resources", {"cpu": 64, "memory_gib": 32}),),
        {("PLACE-NODE", "models[0].resources.cpu"): ("64", "Standard_NC40ads_H100_v5", "or less")},
    ),
    Broken(
        "too little host memory",
        (put("models[0].resources", {"cpu": 8, "memory_gib": 4}),),
        {("PLACE-HOST-MEMORY", "models[0].resources.memory_gib"): ("4 GiB", "about 9.2 GiB", "write 10 or more")},
    ),
    Broken(
        "replicas from zero",
        (put("models[0].replicas.min", 0),),
        {("REPLICAS-ZERO", "models[0].replicas.min"): ("write 1 or more",)},
    ),
    Broken(
        "autoscaling of a fixed number",
        (put("models[1].autoscaling", {"requests_per_replica": 4}),),
        {("AUTOSCALE-FIXED", "models[1].autoscaling"): ("fixed at 1", "models[1].replicas.max")},
    ),
    Broken(
        "model on spot alone",
        gpus("Standard_NC40ads_H100_v5", capacity="spot"),
        {("SPOT-FLOOR", "models[0].pool"): ("`whole` is a spot pool", "[on-demand pool, spot pool]")},
    ),
    Broken(
        "secret in place of its name",
        (put("security.hugging_face_token", TOKEN),),
        {("SEC-LITERAL", "security.hugging_face_token"): ("plain text", "revoke that secret", "az keyvault")},
        hidden=(TOKEN,),
    ),
    Broken(
        "secret under a misspelt key",
        (put("security.huggingface_tokn", TOKEN),),
        {
            ("SEC-LITERAL", "security.huggingface_tokn"): ("revoke that secret",),
            ("CFG-UNKNOWN-KEY", "security.huggingface_tokn"): ("did you mean `hugging_face_token`?",),
        },
        hidden=(TOKEN,),
    ),
    Broken(
        "secret inside a vLLM argument",
        (put("models[0].engine.args.hf-overrides", {"auth": {"token": TOKEN}}),),
        {("SEC-LITERAL", "models[0].engine.args.hf-overrides.auth.token"): ("revoke that secret",)},
        hidden=(TOKEN,),
    ),
    Broken(
        "password in plain text",
        (put("tenants[0].password", "correct horse"),),
        {
            ("SEC-LITERAL", "tenants[0].password"): ("revoke that secret",),
            ("CFG-UNKNOWN-KEY", "tenants[0].password"): ("`key_secret`",),
        },
        hidden=("correct horse",),
    ),
    Broken(
        "licence by its title",
        (put("models[0].license", "Apache License 2.0"),),
        {("CFG-VALUE", "models[0].license"): ("Apache License 2.0", "such as apache-2.0")},
    ),
    Broken(
        "list of licences that is empty",
        (put("models[0].license", []),),
        {("CFG-VALUE", "models[0].license"): ("[]", "such as apache-2.0")},
    ),
)  # fmt: skip
