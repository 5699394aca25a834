"""What a rotation of keys or of a pool changes in the stack file."""

import re
from collections.abc import Mapping
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from operate.problems import CannotOperateError
from operate.stack_file import Edit

_GATEWAY: Final = "llm-platform:gateway"
_POOLS: Final = "llm-platform:pools"
_NUMBERED: Final = re.compile(r"(.+)-(\d+)")


def second_keys(config: Mapping[str, Any], client: str | None) -> dict[str, str]:
    """The name of a new secret by client, for each client that has one key; of one client where it is named.

    Raises:
        CannotOperateError: there is no such client, or it has two keys already.
    """
    clients = _clients(config, client)
    double = [each["name"] for each in clients if each.get("key_secrets") and len(each["key_secrets"]) > 1]
    if double:
        raise CannotOperateError(
            f"{', '.join(double)} has two keys already",
            "move its caller to the new one, then: llm-platform rotate-keys STACK --finish",
        )
    used = {name for each in _clients(config, None) for name in _keys(each)}
    names = {}
    for each in clients:
        names[each["name"]] = _next(_keys(each)[0], used)
        used.add(names[each["name"]])
    return names


def begin(names: Mapping[str, str]) -> Edit:
    """Both keys are valid: the new one is first."""

    def edit(config: CommentedMap) -> None:
        for client in config[_GATEWAY]["clients"]:
            if client["name"] in names:
                keys = CommentedSeq([names[client["name"]], *_keys(client)])
                keys.fa.set_flow_style()
                _in_place(client, "key_secrets", keys)

    return edit


def first_keys(config: Mapping[str, Any], client: str | None) -> dict[str, str]:
    """The secret that ends by client, for each client with two keys; of one client where it is named.

    Raises:
        CannotOperateError: there is no such client, or nobody has two keys.
    """
    found = {each["name"]: _keys(each)[1] for each in _clients(config, client) if len(_keys(each)) > 1}
    if not found:
        raise CannotOperateError(
            f"{client or 'no client'} has {'one key' if client else 'two keys'}",
            "begin with: llm-platform rotate-keys STACK",
        )
    return found


def finish(names: Mapping[str, str]) -> Edit:
    """The new key alone is valid."""

    def edit(config: CommentedMap) -> None:
        for client in config[_GATEWAY]["clients"]:
            if client["name"] in names:
                _in_place(client, "key_secret", _keys(client)[0])
                # A secret in the configuration that no setting names is an error; the vault keeps its copy.
                config.pop(f"llm-platform:{names[client['name']]}", None)

    return edit


def next_generation(config: Mapping[str, Any], pool: str, changes: Mapping[str, Any]) -> Edit:
    """The pool with changed settings, or with another generation where none of them makes it another pool.

    Raises:
        CannotOperateError: there is no such pool.
    """
    names = [str(each.get("name")) for each in config.get(_POOLS) or ()]
    if pool not in names:
        raise CannotOperateError(f"there is no pool {pool}", f"pools of this stack: {', '.join(names) or 'none'}")

    def edit(content: CommentedMap) -> None:
        chosen = content[_POOLS][names.index(pool)]
        for key, value in changes.items():
            chosen[key] = value
        if not changes:
            chosen["generation"] = int(chosen.get("generation", 0)) + 1

    return edit


def _clients(config: Mapping[str, Any], client: str | None) -> list[Any]:
    every = list((config.get(_GATEWAY) or {}).get("clients") or ())
    chosen = [each for each in every if client is None or each.get("name") == client]
    if not chosen:
        names = ", ".join(str(each.get("name")) for each in every)
        raise CannotOperateError(f"there is no client {client}", f"clients of this stack: {names or 'none'}")
    return chosen


def _keys(client: Mapping[str, Any]) -> list[str]:
    return list(client.get("key_secrets") or [client["key_secret"]])


def _next(name: str, used: set[str]) -> str:
    """`key-a-3` after `key-a-2`, `key-a-2` after `key-a`; Key Vault takes no difference between cases of letters."""
    numbered = _NUMBERED.fullmatch(name)
    base, number = (numbered[1], int(numbered[2])) if numbered else (name, 1)
    taken = {each.lower() for each in used}
    while f"{base}-{number + 1}".lower() in taken:
        number += 1
    return f"{base}-{number + 1}"


def _in_place(client: CommentedMap, key: str, value: Any) -> None:
    """Put a key where the other one of the two was."""
    names = list(client)
    old = next(name for name in ("key_secret", "key_secrets") if name in client)
    place = names.index(old)
    del client[old]
    client.insert(place, key, value)
