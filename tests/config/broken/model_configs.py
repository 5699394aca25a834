"""Mistakes about configurations of models: of one's own, of drafts and adapters, and of measured memory."""

from typing import Any

from broken.change import Broken, Change, put
from broken.models import gpus

REVISION = "6f6073b423013f6a7d4d9f39144961bfbfbc386b"
ARGS = "models[0].engine.args"
OWN: dict[str, Any] = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 131072,
}  # fmt: skip
MEASURED: dict[str, Any] = {
    "gpu": "H100-NVL-94", "slice": "3g.47gb", "version": "0.33.0", "weights_gib": 15.3, "overhead_gib": 2.1,
    "batched_tokens": 2048, "sequences": 256,
}  # fmt: skip


def own(weights_gib: float | None = None, **changes: Any) -> tuple[Change, ...]:
    """The first model with a configuration of its own, as it is after its file was read."""
    source = {"huggingface": "acme/mine", "revision": REVISION, "hf_config": {**OWN, **changes}}
    return (put("models[0].source", source if weights_gib is None else {**source, "weights_gib": weights_gib}),)


def lora(**options: int) -> tuple[Change, ...]:
    """The first model with slots for adapters."""
    return (
        put(f"{ARGS}.enable-lora", True),
        *(put(f"{ARGS}.{name.replace('_', '-')}", value) for name, value in options.items()),
    )


def refused(*words: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """One finding about the first model's configuration."""
    return {("MODEL-CONFIG", "models[0].source.hf_config"): words}


def uncounted(*words: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """One finding about the size of the first model's weights."""
    return {("MODEL-CONFIG", "models[0].source.weights_gib"): ("can't be counted", *words, "add weights_gib")}


def quantized(method: str, **changes: Any) -> tuple[Change, ...]:
    """The first model with a quantized configuration of its own."""
    return own(quantization_config={"quant_method": method, **changes})


_BESIDE = "it has parts beside the language model"
_FORMULA = "choose a model whose attention is full"
TABLE = (
    Broken(
        "model in lower case",
        (put("models[0].source.huggingface", "qwen/qwen3-8b"),),
        {("MODEL-UNKNOWN", "models[0].source.huggingface"): ("`qwen/qwen3-8b`", "did you mean `Qwen/Qwen3-8B`?")},
    ),
    Broken(
        "address in place of a model",
        (put("models[0].source.huggingface", "https://huggingface.co/Qwen/Qwen3-8B"),),
        {("CFG-VALUE", "models[0].source.huggingface"): ("huggingface.co", "such as Qwen/Qwen3-8B")},
    ),
    Broken("encoder before a decoder", own(is_encoder_decoder=True), refused("encoder before its decoder", _FORMULA)),
    Broken("cache of several rates", own(compress_ratios=[0, 4]), refused("compressed caches of several", _FORMULA)),
    Broken(
        "kind of layer that nobody knows",
        own(layer_types=["full_attention", "strange_attention"] * 16),
        refused("layers of kind strange_attention", _FORMULA),
    ),
    Broken(
        "latent attention without a formula",
        own(model_type="dots3_note", kv_lora_rank=512, qk_rope_head_dim=64),
        refused("latent attention as model_type 'dots3_note' has it", _FORMULA),
    ),
    Broken(
        "windows that vLLM doesn't serve",
        own(model_type="qwen2", use_sliding_window=True, sliding_window=4096, max_window_layers=28),
        refused("`max_window_layers` 28, with 32 layers", "use_sliding_window: false"),
    ),
    Broken(
        "windows that a list gives and vLLM doesn't serve",
        own(
            model_type="qwen2", use_sliding_window=True, sliding_window=4096, max_window_layers=28,
            layer_types=["full_attention"] * 28 + ["sliding_attention"] * 4,
        ),
        refused("`max_window_layers` 28, with 32 layers", "use_sliding_window: false"),
    ),
    Broken(
        "letters of windows that nobody knows",
        own(model_type="exaone4", sliding_window=4096, sliding_window_pattern="LLX"),
        refused("`sliding_window_pattern` is 'LLX'", "whole number"),
    ),
    Broken(
        "block of Nemotron that nobody knows",
        own(model_type="nemotron_h", layers_block_type=["mamba", "strange"] * 16),
        refused("layers of kind strange", _FORMULA),
    ),
    Broken(
        "thinker with latent attention without a formula",
        own(thinker_config={"text_config": {**OWN, "model_type": "qwen3", "kv_lora_rank": 512}, "audio_config": {}}),
        refused("latent attention as model_type 'qwen3' has it", _FORMULA),
    ),
    Broken("eyes under another name", own(embd_layer={"embedding_cls": "image"}), uncounted(_BESIDE)),
    Broken("ears of a model", own(audio_processor={"name": "cascades"}), uncounted(_BESIDE)),
    Broken("class with eyes that no key shows", own(architectures=["MolmoForCausalLM"]), uncounted(_BESIDE)),
    Broken(
        "experts under a key that nobody knows",
        own(num_experts=8, num_hidden_experts=2),
        uncounted("what `num_hidden_experts` adds isn't known"),
    ),
    Broken(
        "block beside the experts that nobody knows",
        own(num_experts=8, use_residual=True),
        uncounted("what `use_residual` adds isn't known"),
    ),
    Broken(
        "module that stays unquantized and that nobody knows",
        quantized("fp8", modules_to_not_convert=["transformer.h.0.attn.c_attn"]),
        uncounted("quantized by fp8 in a way"),
    ),
    Broken(
        "expression that may take for ever",
        quantized("compressed-tensors", ignore=["re:(.*)*x"], config_groups={"a": {"weights": {"num_bits": 8}}}),
        uncounted("quantized by compressed-tensors in a way"),
    ),
    Broken(
        "modules with a number of bits that nobody has",
        quantized("gptq", bits=4, dynamic={"+:.*o_proj": {"bits": 1}}),
        uncounted("quantized by gptq in a way"),
    ),
    Broken(
        "class of modules that nobody knows",
        quantized("compressed-tensors", config_groups={"a": {"targets": ["Strange"], "weights": {"num_bits": 8}}}),
        uncounted("quantized by compressed-tensors in a way"),
    ),
    Broken("size that is missing", own(num_attention_heads=None), refused("`num_attention_heads` is missing")),
    Broken("size that is text", own(hidden_size="4096"), refused("`hidden_size` is '4096'", "whole number")),
    Broken("size that is true", own(vocab_size=True), refused("`vocab_size` is True", "whole number from 1")),
    Broken("vocabulary of nothing", own(vocab_size=0), refused("`vocab_size` is 0", "whole number from 1")),
    Broken("window that is true", own(sliding_window=True), refused("`sliding_window` is True", "whole number")),
    Broken("layers by name", own(layer_types={"a": {}}), refused("`layer_types` is {'a': {}}", "not a list")),
    Broken(
        "layers with states that aren't listed",
        own(model_type="lfm2", conv_L_cache=3),
        refused("which of its layers keep a state is not given", "layer_types"),
    ),
    Broken(
        "context beyond that of one's own configuration",
        own(max_position_embeddings=8192),
        {("MODEL-CONTEXT", "models[0].context"): ("32768 tokens", "`acme/mine` takes 8192", "write 8192 or less")},
    ),
    Broken(
        "weights of one's own that don't fit",
        own(weights_gib=140),
        {("FIT-WEIGHTS", "models[0].pool"): ("140.98 GiB of weights", "42.67 GiB", "larger GPU")},
    ),
    Broken(
        "size of weights below zero",
        own(weights_gib=-1),
        {("CFG-VALUE", "models[0].source.weights_gib"): ("-1 is not above 0", "GiB of the safetensors files")},
    ),
    Broken(
        "size of weights that the catalog has",
        (put("models[0].source.weights_gib", 15),),
        {("CFG-VALUE", "models[0].source"): ("only valid with `hf_config`", "leave `weights_gib` out")},
    ),
    Broken(
        "own prediction layers that the model hasn't",
        (put(f"{ARGS}.speculative-config", {"method": "mtp", "num_speculative_tokens": 2}),),
        {("FIT-DRAFT", f"{ARGS}.speculative-config"): ("`Qwen/Qwen3-8B`", "write method: ngram, eagle or eagle3")},
    ),
    Broken(
        "the same as options of their own",
        (put(f"{ARGS}.spec-method", "mtp"), put(f"{ARGS}.spec-tokens", 2)),
        {("FIT-DRAFT", f"{ARGS}.spec-method"): ("`Qwen/Qwen3-8B`", "write method: ngram, eagle or eagle3")},
    ),
    Broken(
        "experts of a model without any",
        (put(f"{ARGS}.enable-expert-parallel", True),),
        {("ENGINE-EXPERTS", f"{ARGS}.enable-expert-parallel"): ("not a mixture of experts", "leave it out")},
    ),
    Broken(
        "rank of adapters that vLLM hasn't",
        lora(max_lora_rank=17),
        {("ENGINE-VALUE", f"{ARGS}.max-lora-rank"): ("17", "write one of 1, 8, 16, 32")},
    ),
    Broken(
        "slots for adapters that don't fit",
        lora(max_loras=64, max_lora_rank=256),
        {("FIT-WEIGHTS", "models[0].pool"): ("GiB of overhead", "max-loras or max-lora-rank", "42.67 GiB")},
    ),
    Broken(
        "more sequences than there are blocks for their states",
        (*gpus(), put("models[0].source", {"huggingface": "Qwen/Qwen3.6-27B", "revision": REVISION}),
         put("models[0].concurrency", 1), put(f"{ARGS}.max-num-seqs", 4096)),
        {("FIT-SEQUENCES", f"{ARGS}.max-num-seqs"): ("4,096 concurrent sequences", "or less")},
    ),
    Broken(
        "measured memory as text",
        (put("models[0].measured", {**MEASURED, "weights_gib": "15.3"}),),
        {("CFG-VALUE", "models[0].measured.weights_gib"): ('"15.3"', "write 15.3 without quotes")},
    ),
    Broken(
        "measured memory without its weights",
        (put("models[0].measured", {key: value for key, value in MEASURED.items() if key != "weights_gib"}),),
        {("CFG-MISSING", "models[0].measured.weights_gib"): ("is missing", "Model loading took")},
    ),
)  # fmt: skip
