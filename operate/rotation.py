"""Rotates clients' keys and node pools: the stack file is edited after a question, and an update does the rest."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

import yaml

from operate import rotation_edits as edits
from operate.running import require
from operate.stack_file import Edit, difference, edited
from operate.updating import Operator
from preview.stack import assessed

# As long as `openssl rand -hex 24` makes it (docs/operating.md).
_KEY_BYTES: Final = 24
_NAMESPACE: Final = "llm-platform:"


def begin_keys(operator: Operator, client: str | None) -> bool:
    """Give clients a second key. False where it was not agreed to, or the update did not reach its end.

    Raises:
        CannotOperateError: there is no such client, or it has two keys already; nothing was changed.
    """
    stack, screen = operator.stack, operator.screen
    names = edits.second_keys(_config(operator), client)
    if not _write(operator, edits.begin(names)):
        return False
    for name in names.values():
        stack.feed(secrets.token_hex(_KEY_BYTES), "config", "set", "--secret", f"{_NAMESPACE}{name}")
    if not operator.up():
        return False
    for who, name in names.items():
        screen.document({"event": "key", "client": who, "secret": name})
        screen.say(f"{who}: {name} is valid too; read it by: pulumi config get {name} --stack {stack.name}")
    screen.say(
        f"Move the callers; when no log has {'NAME' if len(names) > 1 else next(iter(names))}.2 any more: "
        f"llm-platform rotate-keys {stack.name} --finish"
    )
    return True


def finish_keys(operator: Operator, client: str | None) -> bool:
    """End the keys that were replaced: who still uses one gets 401 after it.

    Raises:
        CannotOperateError: there is no such client, or nobody has two keys; nothing was changed.
    """
    names = edits.first_keys(_config(operator), client)
    for who, name in names.items():
        operator.screen.say(f"{who}: {name} ends; who still uses it is logged as {who}.2, and gets 401 afterwards")
    return _write(operator, edits.finish(names)) and operator.up()


def rotate_pool(operator: Operator, pool: str, changes: Mapping[str, Any]) -> bool:
    """Replace a pool: the new one is made beside the old one, models move, the old one goes last.

    Raises:
        CannotOperateError: there is no such pool; nothing was changed.
    """
    return _write(operator, edits.next_generation(_config(operator), pool, changes)) and operator.up()


def _config(operator: Operator) -> dict[str, Any]:
    found = yaml.safe_load(operator.stack.file.read_text(encoding="utf-8"))
    return dict(found["config"])


def _write(operator: Operator, edit: Edit) -> bool:
    """Edit the stack file after showing the difference; where nobody says yes, it is as it was.

    Raises:
        CannotOperateError: the edited file would be rejected.
    """
    file, screen = operator.stack.file, operator.screen
    before = file.read_text(encoding="utf-8")
    after = edited(before, edit)
    found = assessed(after, folder=file.parent)
    problems = [f"{each.path}: {each.message} → {each.fix}" for each in found.findings if each.severity == "error"]
    require(found.plan is not None, f"the edited {file.name} would be rejected", "; ".join(problems))
    shown = difference(before, after, file.name)
    screen.document({"event": "edit", "file": file.name, "difference": shown})
    screen.say(f"{file.name}:\n{shown}")
    if not operator.agreed(f"Write this into {file.name}, and update the stack?"):
        return False
    file.write_text(after, encoding="utf-8")
    return True
