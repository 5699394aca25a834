"""Rules about tags: every resource of the graph takes them, so the strictest kind of resource decides."""

import re
from collections.abc import Iterator

from catalog import TagLimit
from config.wording import listed
from planning.resolving.resolution import Resolution
from planning.resolving.tags import autoscaler_tags, own_tags, tags_of
from planning.rules.register import Violation, Violations, stack_rule

_TAGS = "platform.tags"
_SOURCE = "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources"
_REFUSED = "`pulumi up` stops half-way, after groups and network exist: "
# Keys that can be part of a place in the stack file.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def _limits(stack: Resolution) -> tuple[TagLimit, ...]:
    return tuple(stack.catalog.limits.tags.values())


def _place(key: str) -> str:
    return f"{_TAGS}.{key}" if _PLAIN.fullmatch(key) else _TAGS


@stack_rule(
    "TAG-COUNT",
    "error",
    prevents=_REFUSED + "a private DNS zone takes fewer tags than other resources.",
    source=_SOURCE,
    reads=("platform",),
    needs="aks",
)
def not_too_many(stack: Resolution) -> Violations:
    """There are no more tags, the platform's own included, than every kind of resource takes."""
    platform = stack.settings.platform
    tags, strictest = tags_of(platform), min(_limits(stack), key=lambda limit: limit.most)
    if len(tags) > strictest.most:
        added = len(tags) - len(platform.tags)
        yield Violation(
            _TAGS,
            f"{len(platform.tags)} tags, and {added} that the platform adds, are {len(tags)}; a {strictest.kind} takes "
            f"{strictest.most}",
            f"leave all but {strictest.most - added} out",
        )


@stack_rule(
    "TAG-KEY",
    "error",
    prevents=_REFUSED + "the key of a tag is refused by one of the kinds of resources.",
    source=_SOURCE,
    reads=(_TAGS,),
    needs="aks",
)
def keys_accepted(stack: Resolution) -> Violations:
    """Keys of tags begin with a letter, hold letters, digits, `-`, `_` and `.`, and are none that Azure reserves."""
    for key in stack.settings.platform.tags:
        kinds = [limit.kind for limit in _limits(stack) if limit.key and not re.fullmatch(limit.key, key)]
        if kinds:
            yield Violation(
                _place(key),
                f"`{key}` can't be the key of a tag of a {kinds[-1]}",
                "use letters, digits, -, _ and ., a letter first",
            )
        shortest = min(_limits(stack), key=lambda limit: limit.key_longest)
        if len(key) > shortest.key_longest:
            yield Violation(
                _place(key),
                f"the key `{key[:20]}…` has {len(key)} characters; a {shortest.kind} takes {shortest.key_longest}",
                f"shorten it by {len(key) - shortest.key_longest}",
            )
        for prefix in stack.catalog.limits.reserved_tag_prefixes:
            if key.casefold().startswith(prefix):
                yield Violation(
                    _place(key), f"`{key}` begins with `{prefix}`, which Azure keeps for itself", "choose another key"
                )


@stack_rule(
    "TAG-VALUE",
    "error",
    prevents=_REFUSED + "the value of a tag, or all of them together, are too long.",
    source=_SOURCE,
    reads=("platform", "pools"),
    needs="aks",
)
def values_accepted(stack: Resolution) -> Violations:
    """Values of tags, and keys and values together, are no longer than every kind of resource takes.

    A pool has tags for the autoscaler besides.
    """
    platform = stack.settings.platform
    shortest = min(_limits(stack), key=lambda limit: limit.value_longest)
    for key, value in platform.tags.items():
        if len(value) > shortest.value_longest:
            yield Violation(
                _place(key),
                f"the value of `{key}` has {len(value)} characters; {shortest.value_longest} are allowed",
                f"shorten it by {len(value) - shortest.value_longest}",
            )
    total = _characters(tags_of(platform))
    of_pools = {pool.name: _characters(dict(autoscaler_tags(pool))) for pool in stack.pools}
    largest = max(of_pools, key=lambda name: of_pools[name])
    added = of_pools[largest]
    for limit in _limits(stack):
        if limit.all_longest is not None and total + added > limit.all_longest:
            besides = f", with {added} of pool `{largest}` for the autoscaler" if added else ""
            yield Violation(
                _TAGS,
                f"keys and values together have {total + added} characters{besides}; a {limit.kind} takes "
                f"{limit.all_longest}",
                f"shorten them by {total + added - limit.all_longest}",
            )


def _characters(tags: dict[str, str]) -> int:
    return sum(len(key) + len(value) for key, value in tags.items())


@stack_rule(
    "TAG-CASE",
    "error",
    prevents=_REFUSED + "to Azure two keys that differ in case are one key given twice.",
    source=_SOURCE,
    reads=("platform",),
    needs="aks",
)
def keys_differ(stack: Resolution) -> Violations:
    """No two keys of tags, the platform's own included, differ only in upper and lower case."""
    platform = stack.settings.platform
    for key, others in _alike(platform.tags, own_tags(platform)):
        yield Violation(
            _place(key), f"`{key}` differs from {listed(others)} only in upper and lower case", "leave one of them out"
        )


@stack_rule(
    "TAG-OWN",
    "warning",
    prevents="Bills and searches by tag miss the platform's resources: what it says about itself is overwritten.",
    source="this program's own tags",
    reads=("platform",),
    needs="aks",
)
def own_tags_stay(stack: Resolution) -> Violations:
    """No tag of the stack file replaces one that the platform gives its resources."""
    platform = stack.settings.platform
    for key, value in own_tags(platform).items():
        if platform.tags.get(key, value) != value:
            yield Violation(
                _place(key), f"`{key}` is the platform's own tag, `{value}`, and is replaced", "choose another key"
            )


def _alike(given: dict[str, str], own: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Keys of the stack file with those of the platform, or before them in the file, that are equal but for case."""
    before = list(own)
    for key in given:
        others = [known for known in before if known != key and known.casefold() == key.casefold()]
        if others:
            yield key, others
        before.append(key)
