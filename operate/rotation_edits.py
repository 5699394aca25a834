"""What a rotation of keys or of a pool changes in the stack file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from config.tenants import generated_key
from operate.problems import CannotOperateError
from operate.stack_file import Edit

_TENANTS: Final = "llm-platform:tenants"
_POOLS: Final = "llm-platform:pools"
_NUMBERED: Final = re.compile(r"(.+)-(\d+)")


def second_keys(config: Mapping[str, Any], tenant: str | None) -> dict[str, str]:
    """The name of the secret with the new key by tenant, of one tenant where it is named.

    It is the first one where a tenant has two keys, and else a name that is nobody's yet.

    Raises:
        CannotOperateError: there is no such tenant.
    """
    used = {name for each in _tenants(config, None) for name in _keys(each)}
    names = {}
    for each in _tenants(config, tenant):
        keys = _keys(each)
        if len(keys) > 1:
            names[each["name"]] = keys[0]
        elif generated(each):
            names[each["name"]] = generated_key(each["name"], _generations(each)[0] + 1)
        else:
            names[each["name"]] = _next(keys[0], used)
        used.add(names[each["name"]])
    return names


def generated(tenant: Mapping[str, Any]) -> bool:
    """Whether the platform makes a tenant's keys."""
    return not tenant.get("key_secrets") and not tenant.get("key_secret")


def generated_for(config: Mapping[str, Any], names: Mapping[str, str]) -> frozenset[str]:
    """Those of the names whose secrets the platform makes itself."""
    makes = {each["name"] for each in _tenants(config, None) if generated(each)}
    return frozenset(name for who, name in names.items() if who in makes)


def begin(names: Mapping[str, str]) -> Edit:
    """Both keys are valid: the new one is first. A tenant that has both is left as it is."""

    def edit(config: CommentedMap) -> None:
        for tenant in config[_TENANTS]:
            if tenant["name"] in names and names[tenant["name"]] not in _keys(tenant):
                if generated(tenant):
                    (old,) = _generations(tenant)
                    tenant["key_generations"] = _in_one_line([old + 1, old])
                else:
                    _in_place(tenant, "key_secrets", _in_one_line([names[tenant["name"]], *_keys(tenant)]))

    return edit


def both_keys(config: Mapping[str, Any], tenant: str | None) -> dict[str, tuple[str, str]]:
    """The secrets of the new and of the old key, for each tenant with two keys; of one tenant where it is named.

    Raises:
        CannotOperateError: there is no such tenant, or nobody has two keys.
    """
    pairs = {each["name"]: _keys(each) for each in _tenants(config, tenant)}
    found = {who: (keys[0], keys[1]) for who, keys in pairs.items() if len(keys) > 1}
    if not found:
        raise CannotOperateError(
            f"{tenant or 'no tenant'} has {'one key' if tenant else 'two keys'}",
            "begin with: llm-platform rotate-keys STACK",
        )
    return found


def finish(names: Mapping[str, str]) -> Edit:
    """The new key alone is valid."""

    def edit(config: CommentedMap) -> None:
        for tenant in config[_TENANTS]:
            if tenant["name"] in names:
                if generated(tenant):
                    tenant["key_generations"] = _in_one_line([_generations(tenant)[0]])
                    continue
                _in_place(tenant, "key_secret", _keys(tenant)[0])
                # A secret in the configuration that no setting names is an error; the vault keeps its copy.
                config.pop(f"llm-platform:{names[tenant['name']]}", None)

    return edit


def with_settings(config: Mapping[str, Any], pool: str, changes: Mapping[str, Any]) -> Edit:
    """The pool with changed settings.

    Raises:
        CannotOperateError: there is no such pool.
    """
    place = _place(config, pool)

    def edit(content: CommentedMap) -> None:
        chosen = content[_POOLS][place]
        for key, value in changes.items():
            chosen[key] = value

    return edit


def next_generation(config: Mapping[str, Any], pool: str, changes: Mapping[str, Any]) -> Edit:
    """The pool with changed settings, none of which makes it another pool, so with another generation too.

    Raises:
        CannotOperateError: there is no such pool.
    """
    number = int(config[_POOLS][_place(config, pool)].get("generation", 0))
    return with_settings(config, pool, {**changes, "generation": number + 1})


def _place(config: Mapping[str, Any], pool: str) -> int:
    names = [str(each.get("name")) for each in config.get(_POOLS) or ()]
    if pool not in names:
        raise CannotOperateError(f"there is no pool {pool}", f"pools of this stack: {', '.join(names) or 'none'}")
    return names.index(pool)


def _tenants(config: Mapping[str, Any], tenant: str | None) -> list[Any]:
    every = list(config.get(_TENANTS) or ())
    chosen = [each for each in every if tenant is None or each.get("name") == tenant]
    if not chosen:
        names = ", ".join(str(each.get("name")) for each in every)
        raise CannotOperateError(f"there is no tenant {tenant}", f"tenants of this stack: {names or 'none'}")
    with_keys = [each for each in chosen if each.get("api_keys", True)]
    if not with_keys:
        raise CannotOperateError("there is no API key to rotate", "these tenants call with tokens of Entra alone")
    return with_keys


def _keys(tenant: Mapping[str, Any]) -> list[str]:
    if generated(tenant):
        return [generated_key(tenant["name"], generation) for generation in _generations(tenant)]
    return list(tenant.get("key_secrets") or [tenant["key_secret"]])


def _generations(tenant: Mapping[str, Any]) -> list[int]:
    return [int(generation) for generation in tenant.get("key_generations") or (1,)]


def _in_one_line(items: Sequence[Any]) -> CommentedSeq:
    line = CommentedSeq(items)
    line.fa.set_flow_style()
    return line


def _next(name: str, used: set[str]) -> str:
    """`key-a-3` after `key-a-2`, `key-a-2` after `key-a`; Key Vault takes no difference between cases of letters."""
    numbered = _NUMBERED.fullmatch(name)
    base, number = (numbered[1], int(numbered[2])) if numbered else (name, 1)
    taken = {each.lower() for each in used}
    while f"{base}-{number + 1}".lower() in taken:
        number += 1
    return f"{base}-{number + 1}"


def _in_place(tenant: CommentedMap, key: str, value: Any) -> None:
    """Put a key where the other one of the two was."""
    names = list(tenant)
    old = next(name for name in ("key_secret", "key_secrets") if name in tenant)
    place = names.index(old)
    del tenant[old]
    tenant.insert(place, key, value)
