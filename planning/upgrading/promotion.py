"""What goes from one stack's file to another's: versions that were tried there; all else is the target's own."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from config import Settings
from config.models import ModelSettings
from planning.resolving.versions import numbers

# Why a difference stays, by the longest beginning of its path that is here.
_REASONS: Mapping[str, str] = {
    "platform": "it says which stack this is and where: name, region, subscription, tags, protection",
    "network": "the address plan is the stack's own, and fixed once it is up",
    "cluster": "tier, access, groups, system nodes and maintenance are the stack's own",
    "cluster.gpu_driver": "another owner of the driver makes every GPU pool again: decide it by hand, with `upgrade`",
    "quota": "the quota is that of the stack's own subscription",
    "pools": "sizes, nodes and zones are the stack's own",
    "storage": "redundancy and retention of the store are the stack's own, and partly fixed once it is up",
    "registry": "accounts, registries and keyrings are the stack's own",
    "security": "the vault, keys, names of secrets and hardening are the stack's own",
    "gateway": "host name, certificate and replicas are the stack's own",
    "tenants": "tenants with their keys and limits are the stack's own",
    "observability": "receivers with their secrets, retention and replicas are the stack's own",
    "cost": "what costs are compared with is the stack's own",
    "models": "where a model runs, its replicas, context and measurements are the stack's own",
    "models.engine": "vLLM's settings go with the model's place: compare them by hand",
}

_AHEAD = "the target is ahead of the source, and nothing moves back"
_UPLOAD = "upload these files to this stack's store before `up`: docs/operating.md, Weights"


class Copied(Struct, frozen=True):
    """A value that is copied: where it is written in the target, for which model, and both values."""

    path: tuple[str | int, ...]
    label: str
    before: str
    after: str
    do: str | None = None
    """What a person does before `up`."""


class Left(Struct, frozen=True):
    """A difference that stays, and why; values aren't shown, as they may be confidential."""

    label: str
    why: str


class Promotion(Struct, frozen=True):
    """All differences of two stacks: what is copied, and what is left."""

    copied: tuple[Copied, ...]
    left: tuple[Left, ...]

    @property
    def values(self) -> Mapping[tuple[str | int, ...], str]:
        """The values to write, by their paths in the target's file."""
        return {each.path: each.after for each in self.copied}


def promotion(
    source: Settings, target: Settings, source_sections: Mapping[str, Any], target_sections: Mapping[str, Any]
) -> Promotion:
    """Compare two stacks; the sections are those of the files as plain values, without defaults.

    The versions of charts and images are this program's own, equal for both stacks, and so are no difference.
    """
    copied = list(_copied(source, target))
    left = [*_left_models(source, target), *_left_sections(source_sections, target_sections)]
    done = {each.label for each in copied}
    rest = (each for each in left if each.label not in done)
    return Promotion(tuple(copied), tuple(sorted(rest, key=lambda each: each.label)))


def _ahead(old: str, new: str) -> bool:
    """Whether the target's version is the later one already."""
    return numbers(old) > numbers(new)


def _copied(source: Settings, target: Settings) -> Iterator[Copied]:
    old, new = target.cluster.kubernetes, source.cluster.kubernetes
    if old != new and not _ahead(old, new):
        yield Copied(("cluster", "kubernetes"), "cluster.kubernetes", old, new)
    models = {model.name: model for model in source.models}
    for index, model in enumerate(target.models):
        tried = models.get(model.name)
        if tried is not None:
            yield from _copied_of(index, tried, model)


def _copied_of(index: int, tried: ModelSettings, model: ModelSettings) -> Iterator[Copied]:
    old, new = model.engine.version, tried.engine.version
    if old != new and not _ahead(old, new):
        label = f"models.{model.name}.engine.version"
        yield Copied(("models", index, "engine", "version"), label, old, new)
    for name in _weights(tried, model)[0]:
        old, new = getattr(model.source, name), getattr(tried.source, name)
        if new is not None and old != new:
            label = f"models.{model.name}.source.{name}"
            do = _UPLOAD if name == "blob" else None
            yield Copied(("models", index, "source", name), label, old or "(none)", new, do)


def _weights(tried: ModelSettings, model: ModelSettings) -> tuple[tuple[str, ...], str | None]:
    """The keys by which one model's weights become those of another, and why there are none although they differ."""
    ours, theirs = model.source, tried.source
    if ours.huggingface is not None and theirs.huggingface is not None:
        same = ours.huggingface == theirs.huggingface
        return (("revision",), None) if same else ((), "it is another model on Hugging Face")
    if ours.blob is not None and theirs.blob is not None:
        if (ours.model, ours.hf_config) != (theirs.model, theirs.hf_config):
            return (), "it is another model"
        if ours.manifest_sha256 is not None and theirs.manifest_sha256 is None and ours.blob != theirs.blob:
            return (), "its files are checked here, and the source has no manifest of the others"
        return ("blob", "manifest_sha256"), None
    commit, folder = theirs.revision or ours.revision, ours.blob or theirs.blob
    if commit is not None and folder is not None and folder.endswith(commit):
        return (), None
    return (), "weights come from elsewhere here: upload them to this stack's store, and write `blob` by hand"


def _left_models(source: Settings, target: Settings) -> Iterator[Left]:
    tried = {model.name: model for model in source.models}
    ours = {model.name: model for model in target.models}
    for name in sorted({*tried, *ours}):
        if name not in ours:
            yield Left(f"models.{name}", "the target has no such model: its pool and replicas are to be decided there")
        elif name not in tried:
            yield Left(f"models.{name}", "the source has no such model, so nothing of it was tried")
        else:
            yield from _left_of(tried[name], ours[name])


def _left_of(tried: ModelSettings, model: ModelSettings) -> Iterator[Left]:
    problem = _weights(tried, model)[1]
    for name in type(model).model_fields:
        old, new = getattr(model, name), getattr(tried, name)
        if old == new or name == "name":
            continue
        label = f"models.{model.name}.{name}"
        if name == "source":
            if problem is not None:
                yield Left(label, problem)
        elif name == "engine":
            for key in type(old).model_fields:
                if getattr(old, key) != getattr(new, key):
                    why = _AHEAD if key == "version" else _REASONS["models.engine"]
                    yield Left(f"{label}.{key}", why)
        else:
            yield Left(label, _REASONS["models"])


def _left_sections(source: Mapping[str, Any], target: Mapping[str, Any]) -> Iterator[Left]:
    for section in sorted({*source, *target} - {"models"}):
        old, new = target.get(section), source.get(section)
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            if old != new:
                yield Left(section, _reason(section))
            continue
        for key in sorted({*old, *new}):
            label = f"{section}.{key}"
            if old.get(key) != new.get(key):
                yield Left(label, _AHEAD if label == "cluster.kubernetes" else _reason(label))


def _reason(label: str) -> str:
    return _REASONS.get(label) or _REASONS.get(label.partition(".")[0], "it is the stack's own")
