"""Rules about what clients can reach, and what pods can: adapters, names, files, and options that hide the server."""

from collections.abc import Iterator

from catalog import VllmVersion
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine import given_options
from planning.rules.engine_unsafe import refused_options
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, release_rule, stack_rule
from planning.vllm import adapters as lora
from planning.vllm.adapters import adapters, is_repository, malformed
from planning.vllm.options import mapping, whole_number

_LORA = "vLLM 0.33 vllm/lora/utils.py get_adapter_absolute_path"
# Of a rule of AIGatewayRoute; one is the model's own.
_MOST_NAMES = 128
# An address in the model store, which pods of models from there reach.
_STORE = "az://"
_ARGS = ("engine.version", "engine.args")


@release_rule(
    "LORA-FORM",
    "error",
    prevents="vLLM exits at start: `Invalid JSON format for --lora-modules`; or a name that no request can carry.",
    source="vLLM 0.33 vllm/entrypoints/common/cli_args.py LoRAParserAction; Envoy AI Gateway's CRD AIGatewayRoute",
    model=_ARGS,
)
def adapters_readable(_: Resolution, release: ReleaseView) -> Violations:
    """Every adapter is `name=path` or a mapping with `name` and `path`, and the route has room for all names."""
    for entry in malformed(release.options):
        yield Violation(entry.place, entry.message, "write name=organisation/adapter")
    found = len(adapters(release.options))
    if found >= _MOST_NAMES:
        yield Violation(
            release.options.path_of(lora.MODULES),
            f"{found} adapters; the route to a model takes {_MOST_NAMES - 1} names beside the model's",
            f"write {_MOST_NAMES - 1} or fewer, and the others with another model of the same source",
        )


@release_rule(
    "LORA-SOURCE",
    "error",
    prevents="vLLM exits at start, or answers 404 for the adapter: no file is at its path, or it can't be downloaded.",
    source=_LORA,
    model=(*SOURCE, *_ARGS),
)
def adapters_available(_: Resolution, release: ReleaseView) -> Violations:
    """Every adapter is a repository on Hugging Face, and its model is downloaded from there too."""
    found = [(adapter.path, adapter.place) for adapter in adapters(release.options)]
    by_modality = mapping(release.options.values.get(lora.BY_MODALITY)) or {}
    place = release.options.path_of(lora.BY_MODALITY)
    found += [(str(path), f"{place}.{modality}") for modality, path in by_modality.items()]
    for path, where in found:
        if not is_repository(path):
            yield Violation(
                where,
                f"`{path}` is a path in the pod, and nothing puts an adapter there",
                "write the adapter's id on Hugging Face, such as organisation/adapter",
            )
        else:
            yield from _offline(release, path, where)


def _offline(release: ReleaseView, repository: str, where: str) -> Violations:
    if release.settings.source.blob is not None:
        yield Violation(
            where,
            f"`{repository}` would be downloaded, but pods of models from the model store reach no Hugging Face",
            f"write {release.path}.source.huggingface with its revision, or leave `{repository}` out",
            (where, f"{release.path}.source.blob"),
        )


@stack_rule(
    "LORA-NAME",
    "error",
    prevents="Requests for one name reach another model: two routes match the same name.",
    source="https://gateway-api.sigs.k8s.io/api-types/httproute/#matches",
    reads=("models",),
)
def names_unique(stack: Resolution) -> Violations:
    """No adapter has the name of a model or of another adapter."""
    taken = {release.name: f"{release.path}.name" for release in reversed(stack.releases)}
    for release in stack.releases:
        for adapter in adapters(release.options):
            before = taken.setdefault(adapter.name, adapter.place)
            if before != adapter.place:
                yield Violation(
                    adapter.place,
                    f"`{adapter.name}` is the name at {before} too; clients select both by it",
                    "write another name",
                    (adapter.place, before),
                )


@release_rule(
    "ENGINE-REACHABLE",
    "error",
    prevents="Nothing answers: probes, gateway and Prometheus speak plain HTTP to one API server, and the pod is "
    "restarted again and again.",
    source="catalog/vllm; vLLM 0.33 vllm/entrypoints/cli/serve.py",
    model=_ARGS,
)
def server_reachable(_: Resolution, release: ReleaseView) -> Violations:
    """No option takes the server away from the gateway, the probes and the metrics."""
    for vllm, option in given_options(release):
        reason = vllm.unreachable_flags.get(option.flag.name)
        if reason is not None and option.value is not False:
            yield Violation(option.path, f"`{option.spelled}` is refused: it {reason}", "leave it out")
        if option.name == "api-server-count" and (whole_number(option.value) or 0) < 1:
            yield Violation(option.path, f"{option.value} API servers answer nothing", "write 1 or more")


@release_rule(
    "ENGINE-FILE",
    "error",
    prevents="vLLM exits at start: a file that an option names isn't in the pod, or can't be downloaded.",
    source="catalog/vllm; vLLM 0.33 vllm/entrypoints/chat_utils.py, vllm/transformers_utils/config.py",
    model=(*SOURCE, *_ARGS, "engine.unsafe"),
)
def files_available(_: Resolution, release: ReleaseView) -> Violations:
    """What an option names is in vLLM's image, or can be downloaded from Hugging Face by this model's pods."""
    refused = refused_options(release)
    for vllm, option in given_options(release):
        if option.name in refused:
            continue
        if option.flag.name in vllm.local_flags and option.value:
            yield _missing(option.path, str(option.value), "leave it out")
        elif option.name == "chat-template" and _is_missing_template(vllm, option.value):
            yield _missing(
                option.path,
                str(option.value),
                f"write the template itself, or one of the image's under {vllm.image_files[0]}",
            )
    for path, where in _repositories(release):
        if release.settings.source.blob is not None and path.startswith(_STORE):
            continue
        if is_repository(path):
            yield from _offline(release, path, where)
        else:
            yield _missing(where, path, "write an id on Hugging Face, or leave it out")


def _missing(place: str, path: str, fix: str) -> Violation:
    return Violation(place, f"`{path}` is a file in the pod, and nothing puts it there", fix)


def _is_missing_template(vllm: VllmVersion, value: object) -> bool:
    """Whether a chat template is neither written out nor one of the image's; vLLM knows the first by its braces."""
    if not isinstance(value, str) or any(character in value for character in "{}\n"):
        return False
    return not value.startswith(vllm.image_files)


def _repositories(release: ReleaseView) -> Iterator[tuple[str, str]]:
    """Ids or paths of what vLLM loads beside the model, with their places."""
    refused = refused_options(release)
    for vllm, option in given_options(release):
        if option.name in refused:
            continue
        neither = vllm.repository_flags.get(option.flag.name)
        if neither is not None and isinstance(option.value, str) and option.value not in neither:
            yield option.value, option.path
        draft = (mapping(option.value) or {}).get("model") if option.name == "speculative-config" else None
        if isinstance(draft, str) and draft not in vllm.speculation.without_layers:
            yield draft, f"{option.path}.model"
