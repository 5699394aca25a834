"""What goes from one stack's file to another's: versions that were tried there; all else is the target's own."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from config import Settings
from config.models import ModelSettings

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
    "gateway": "host name, certificate, clients with their secrets, and replicas are the stack's own",
    "observability": "receivers with their secrets, retention and replicas are the stack's own",
    "cost": "what costs are compared with is the stack's own",
    "models": "where a model runs, its replicas, context and measurements are the stack's own",
    "models.engine": "vLLM's settings go with the model's place: compare them by hand",
    "models.source": "weights come from elsewhere here",
}


class Copied(Struct, frozen=True):
    """A value that is copied: where it is written in the target, for which model, and both values."""

    path: tuple[str | int, ...]
    label: str
    before: str
    after: str


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
    left = [*_left_models(source, target, copied), *_left_sections(source_sections, target_sections)]
    return Promotion(tuple(copied), tuple(sorted(left, key=lambda each: each.label)))


def _copied(source: Settings, target: Settings) -> Iterator[Copied]:
    old, new = target.cluster.kubernetes, source.cluster.kubernetes
    if old != new:
        yield Copied(("cluster", "kubernetes"), "cluster.kubernetes", old, new)
    models = {model.name: model for model in source.models}
    for index, model in enumerate(target.models):
        tried = models.get(model.name)
        if tried is not None:
            yield from _copied_of(index, tried, model)


def _copied_of(index: int, tried: ModelSettings, model: ModelSettings) -> Iterator[Copied]:
    if tried.engine.version != model.engine.version:
        yield Copied(
            ("models", index, "engine", "version"), f"models.{model.name}.engine.version", model.engine.version,
            tried.engine.version,
        )  # fmt: skip
    if _weights_problem(tried, model) is None:
        for name in ("revision", "blob", "manifest_sha256"):
            old, new = getattr(model.source, name), getattr(tried.source, name)
            if new is not None and old != new:
                label = f"models.{model.name}.source.{name}"
                yield Copied(("models", index, "source", name), label, old or "(none)", new)


def _weights_problem(tried: ModelSettings, model: ModelSettings) -> str | None:
    """Why the weights of one can't be those of the other; None if they can, or are the same."""
    ours, theirs = model.source, tried.source
    if ours.huggingface is not None and theirs.huggingface is not None:
        return None if ours.huggingface == theirs.huggingface else "it is another model on Hugging Face"
    if ours.blob is not None and theirs.blob is not None:
        if ours.identity != theirs.identity and (ours.model, ours.hf_config) != (theirs.model, theirs.hf_config):
            return "it is another model"
        if ours.manifest_sha256 is not None and theirs.manifest_sha256 is None:
            return "the files are checked here, and there is no manifest of the others: `llm-platform weights FOLDER`"
        return None
    commit = theirs.revision or ours.revision
    folder = ours.blob or theirs.blob or ""
    if commit is not None and folder.endswith(commit):
        return None if ours.blob is None and theirs.blob is None else _SAME_COMMIT
    return "weights come from elsewhere here: upload them to this stack's store first, and write `blob` by hand"


_SAME_COMMIT = ""


def _left_models(source: Settings, target: Settings, copied: list[Copied]) -> Iterator[Left]:
    tried = {model.name: model for model in source.models}
    ours = {model.name: model for model in target.models}
    for name in sorted({*tried, *ours}):
        if name not in ours:
            yield Left(f"models.{name}", "the target has no such model: its pool and replicas are to be decided there")
        elif name not in tried:
            yield Left(f"models.{name}", "the source has no such model, so nothing of it was tried")
        else:
            done = {each.label for each in copied}
            yield from (each for each in _left_of(tried[name], ours[name]) if each.label not in done)


def _left_of(tried: ModelSettings, model: ModelSettings) -> Iterator[Left]:
    problem = _weights_problem(tried, model)
    for name in type(model).model_fields:
        old, new = getattr(model, name), getattr(tried, name)
        if old == new or name == "name":
            continue
        label = f"models.{model.name}.{name}"
        if name == "source":
            if problem:
                yield Left(label, problem)
        elif name == "engine":
            for key in type(old).model_fields:
                if key != "version" and getattr(old, key) != getattr(new, key):
                    yield Left(f"{label}.{key}", _REASONS["models.engine"])
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
            if old.get(key) != new.get(key) and label != "cluster.kubernetes":
                yield Left(label, _reason(label))


def _reason(label: str) -> str:
    return _REASONS.get(label) or _REASONS.get(label.partition(".")[0], "it is the stack's own")
