"""The records of one vLLM version: what its command line takes, and its defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

from catalog.decoding import Record
from catalog.model_classes import ModelClass, model_classes


class VllmFlag(Record, frozen=True):
    """One option of `vllm serve` as its parser declares it."""

    name: str
    opts: tuple[str, ...]
    """All spellings, the negation of a boolean among them."""
    type: str | None
    """Converter: str, int, float, int-suffix (1k, 1K), int-suffix-or-auto, json, json-or-str, optional, custom."""
    choices: tuple[str, ...] | None
    nargs: int | str | None
    """0 for a flag without a value."""
    action: str
    deprecated: bool
    default: Any = None
    """None also where the default is an object that JSON cannot hold."""


class RemovedFlag(Record, frozen=True):
    """One option that earlier versions had."""

    name: str
    gone_by: str
    use_instead: str | None
    """None where nothing replaces it."""


class BatchDefaults(Record, frozen=True):
    """vLLM's own batch sizes for `vllm serve` on one class of GPU; rows are tried from the first to the last."""

    min_memory_gib: float
    excluded_name_parts: tuple[str, ...]
    """Lower-case parts of a device name that this row does not apply to."""
    max_num_batched_tokens: int
    max_num_seqs: int


class Speculation(Record, frozen=True):
    """Methods of speculative decoding by how many layers of attention they add."""

    without_layers: tuple[str, ...]
    one_layer: tuple[str, ...]
    own_layers_suffix: str
    """Suffix of the names of methods that use the model's own prediction layers."""


class KeyOption(Record, frozen=True):
    """One option that is also a key of an option that takes a mapping; names without leading dashes."""

    option: str
    mapping: str
    key: str


RiskKind = Literal["loads code", "reads files", "opens network", "secret", "unpinned source"]


class OptionRisk(Record, frozen=True):
    """What an option of `vllm serve`, or a key of one that takes a mapping, opens."""

    kind: RiskKind
    does: str
    """What it does, as the end of a sentence that begins with "it"."""
    unless: tuple[str, ...] = ()
    """Values with which it does nothing of that."""
    pinned_by: str | None = None
    """The key beside it that holds a commit, with which the source is pinned."""


class OptionClasses(Record, frozen=True, dict=True):
    """What each option of one vLLM version opens; names without leading dashes, a key after a dot.

    What is in none of the three lists is refused like what opens something: nobody has looked at it.
    """

    safe_options: tuple[str, ...]
    """Options that open nothing: whatever their value, they change how the model computes, what is counted or how
    answers look."""
    safe_keys: Mapping[str, tuple[str, ...]]
    """Option that takes a mapping → keys of the same kind; a key inside a key comes after a dot."""
    option_risks: Mapping[str, OptionRisk]
    """Options and keys that open something."""

    @cached_property
    def harmless(self) -> frozenset[str]:
        """Options and keys that open nothing."""
        keys = (f"{option}.{key}" for option, keys in self.safe_keys.items() for key in keys)
        return frozenset((*self.safe_options, *keys))

    @cached_property
    def judged_by_key(self) -> frozenset[str]:
        """Options, and keys that hold mappings, whose keys are judged one by one."""
        names = (*self.harmless, *self.option_risks)
        above = (name[:place] for name in names for place, character in enumerate(name) if character == ".")
        return frozenset((*self.safe_keys, *above))

    def missing(self, flags: Iterable[str], keys: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
        """Options, and keys by their option, that have no class, sorted; options come with leading dashes."""
        options = [flag.removeprefix("--") for flag in flags]
        below = [f"{flag.removeprefix('--')}.{key}" for flag, found in keys.items() for key in found]
        judged = [name for name in below if name.partition(".")[0] in self.judged_by_key]
        looked_at = self.harmless | self.judged_by_key | set(self.option_risks)
        return tuple(sorted(name for name in (*options, *judged) if name not in looked_at))


class Architectures(Record, frozen=True):
    """Values of `model_type` in a config.json, by how vLLM implements them."""

    latent: tuple[str, ...]
    """Of those with a `kv_lora_rank`, those computed with latent attention."""
    gated_delta: tuple[str, ...]
    """Linear attention with gated delta nets."""
    shared_caches: tuple[str, ...]
    """The last layers read the caches of earlier ones."""
    encoders: tuple[str, ...]
    """Encoders, which keep no cache."""
    cc10_fp8_cache: tuple[str, ...]
    """Those whose cache is in fp8 on GPUs of compute capability 10 where the server has `auto`."""
    largest_graph: Mapping[str, int]
    """Those with a CUDA graph of a larger batch than others."""
    unscaled_context: tuple[str, ...]
    """How those begin whose rotary scaling doesn't lengthen the context."""
    window_periods: Mapping[str, int]
    """Of those whose class lists the layers where a file doesn't: every how many one has full attention."""
    windows_later: tuple[str, ...]
    """Of those, the ones that begin with full attention and not with windows."""
    own_period: tuple[str, ...]
    """Of those, the ones whose file may give another number."""
    last_full: tuple[str, ...]
    """Of those, the ones whose last layer has full attention in any case."""
    all_windows: tuple[str, ...]
    """Those whose layers all have the window that a file gives."""
    no_windows: tuple[str, ...]
    """Those whose layers vLLM gives no windows."""
    multimodal: tuple[str, ...]
    """Classes of vLLM, as `architectures` in a config.json names them, that have more than a language model."""
    multimodal_words: tuple[str, ...]
    """Words in the names of all others that have."""


class VllmVersion(OptionClasses, frozen=True, dict=True):
    """One vLLM version: what its command line takes, and its defaults."""

    version: str
    image: str
    """Key into `Catalog.images`."""
    ledger: str | None
    """The memory arithmetic that was compared with this version's own, a key of `planning.memory.LEDGERS`; None where
    none was compared."""
    flags: Mapping[str, VllmFlag]
    removed: Mapping[str, RemovedFlag]
    gpu_memory_utilization: float
    block_size_tokens: int
    min_compute_capability: str
    """Of the kernels in the image. No rule reads it: every GPU of the catalog has it."""
    batch_defaults: tuple[BatchDefaults, ...]
    kv_cache_bytes: Mapping[str, int]
    """KV cache format → bytes of one number, of the formats that the memory arithmetic computes."""
    fp8_cache_min_capability: str
    """Lowest compute capability of a backend that keeps keys and values in fp8."""
    kv_cache_dtypes: tuple[str, ...]
    """Every format that the option takes; see `kv_cache_bytes` for those with figures."""
    quantizations: tuple[str, ...]
    quantization_min_capability: Mapping[str, str]
    checkpoint_loaders: Mapping[str, tuple[str, ...]]
    """How a checkpoint is quantized, by how its `native_dtype` begins → the quantizations that load it."""
    checkpoint_quantizations: tuple[str, ...]
    """Quantizations that fail where the checkpoint isn't quantized."""
    load_formats: tuple[str, ...]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]
    runai_streamer_config_keys: tuple[str, ...]
    """Keys of `--model-loader-extra-config` with the streamer that loads from a model store."""
    default_loader_config_keys: tuple[str, ...]
    """Keys of that option with the loader of downloaded weights."""
    option_keys: Mapping[str, Mapping[str, tuple[str, ...] | None]]
    """Option that takes JSON → key → the values of that key, None where it takes any."""
    option_kinds: Mapping[str, str]
    """Option that may be left without a value → int, float or str, where it takes nothing else."""
    option_limits: Mapping[str, Mapping[str, float]]
    """Option → ge, gt, le, lt → the limit of its number."""
    attention_backends: tuple[str, ...]
    other_vendor_backends: tuple[str, ...]
    """Prefixes of the attention backends that run on other vendors' chips."""
    speculation: Speculation
    lora_options: tuple[str, ...]
    """Options, without leading dashes, that do nothing or stop the server without `enable-lora`."""
    required_options: Mapping[str, str]
    """Option → the option without which it does nothing or fails; names without leading dashes."""
    key_options: tuple[KeyOption, ...]
    architectures: Architectures
    scaled_rope_types: tuple[str, ...]
    """Rotary scalings whose factor is in `max_position_embeddings` already."""
    owned_flags: Mapping[str, str]
    """Option → its own key in the stack file, or "the platform" where that decides."""
    unreachable_flags: Mapping[str, str]
    """Option → what it does, so that clients, probes or metrics no longer reach the server."""
    local_flags: tuple[str, ...]
    """Options whose value is a file or folder of the container."""
    repository_flags: Mapping[str, tuple[str, ...]]
    """Options whose value is a Hugging Face repository or a path → the values that are neither."""
    image_files: tuple[str, ...]
    """Where the image has files that options may name."""
    first_token_buckets: tuple[float, ...]
    """Upper bounds of the buckets of the time to the first token, seconds, ascending, without +Inf."""
    inter_token_buckets: tuple[float, ...]
    """The same of the time between two tokens."""
    replica_series: int
    """Series of Prometheus that one replica has from its start on."""
    bucket_families: tuple[str, ...]
    """Families of histograms whose buckets `--custom-histogram-buckets` replaces."""
    tokenizer_modes: tuple[str, ...]
    config_formats: tuple[str, ...]
    forbidden_env: Mapping[str, str]
    """Environment variable, or the beginning of one with a star behind it → why a shared server must not have it."""
    source: str
    as_of: str

    @property
    def model_classes(self) -> Mapping[str, ModelClass]:
        """The configuration classes of the transformers version in its image, by `model_type`."""
        return model_classes()

    @property
    def unclassified(self) -> tuple[str, ...]:
        """Options and known keys that nobody has looked at, sorted; each is refused."""
        return self.missing(self.flags, self.option_keys)

    @cached_property
    def spellings(self) -> Mapping[str, VllmFlag]:
        """Every long spelling of every option."""
        return {spelling: flag for flag in self.flags.values() for spelling in flag.opts if spelling.startswith("--")}
