"""Rotates tenants' keys and node pools: the stack file is edited after a question, and an update does the rest.

Until that update begins, the stack file is put back at whatever ends the rotation.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from config.document import DocumentError, read
from operate import rotation_edits as edits
from operate.cli import interruption_raises
from operate.held_file import HeldFile
from operate.problems import CannotOperateError
from operate.running import require
from operate.stack_file import Edit, difference, edited
from operate.updating import Operator
from operate.workspace import refusals
from planning.plan.key_forms import HEX_BYTES
from preview.policies import accepted
from preview.program import graph_of
from preview.stack import Assessed, assessed

_NAMESPACE: Final = "llm-platform:"


def begin_keys(operator: Operator, tenant: str | None) -> bool:
    """Give tenants a second key. False where it was not agreed to, or the update did not reach its end.

    A second key that the stack file names and the cluster has not got yet, as an interrupted rotation leaves it,
    is taken as it is.

    Raises:
        CannotOperateError: there is no such tenant, or it has two keys already; or the update can't begin. Nothing was
            changed.
    """
    stack, screen = operator.stack, operator.screen
    file = HeldFile(stack.file, screen)
    config = _config(file)
    names = edits.second_keys(config, tenant)
    after = _accepted(operator, file, edits.begin(names))
    if (saved := operator.prepared()) is None:
        return False
    double = [who for who, name in names.items() if (who, name) in saved.keys_read]
    require(
        not double,
        f"{', '.join(double)} has two keys already",
        f"move its caller to the new one, then: llm-platform rotate-keys {stack.name} --finish; where "
        f"{stack.file.name} names one key only, first: llm-platform up {stack.name}",
    )
    generated = edits.generated_for(config, names)
    made = [name for name in names.values() if name not in generated and f"{_NAMESPACE}{name}" not in config]
    if not _updated(operator, file, after, made):
        return False
    for who, name in names.items():
        screen.document({"event": "key", "tenant": who, "secret": name})
        where = "the vault has it (az keyvault secret show)" if name in generated else f"pulumi config get {name}"
        screen.say(f"{who}: {name} is valid too; to read it: {where}, stack {stack.name}")
    screen.say(
        f"Move the callers; when no log has {'NAME' if len(names) > 1 else next(iter(names))}.2 any more: "
        f"llm-platform rotate-keys {stack.name} --finish"
    )
    return True


def finish_keys(operator: Operator, tenant: str | None) -> bool:
    """End the keys that were replaced: who still uses one gets 401 after it.

    Raises:
        CannotOperateError: there is no such tenant, nobody has two keys, or the gateway never got the new one; or the
            update can't begin. Nothing was changed.
    """
    stack = operator.stack
    file = HeldFile(stack.file, operator.screen)
    pairs = edits.both_keys(_config(file), tenant)
    ended = {who: old for who, (_, old) in pairs.items()}
    after = _accepted(operator, file, edits.finish(ended))
    if (saved := operator.prepared()) is None:
        return False
    unknown = [f"{new} of {who}" for who, (new, _) in pairs.items() if (who, new) not in saved.keys_read]
    require(
        not unknown,
        f"the gateway never got {', '.join(unknown)}: without the old key every caller would be cut off",
        f"go on with: llm-platform rotate-keys {stack.name}",
    )
    for who, name in ended.items():
        operator.screen.say(f"{who}: {name} ends; who still uses it is logged as {who}.2, and gets 401 afterwards")
    return _updated(operator, file, after)


def rotate_pool(operator: Operator, pool: str, changes: Mapping[str, Any]) -> bool:
    """Replace a pool: the new one is made beside the old one, models move, the old one goes last.

    Raises:
        CannotOperateError: there is no such pool; or the update can't begin. Nothing was changed.
    """
    file = HeldFile(operator.stack.file, operator.screen)
    config = _config(file)
    edit = edits.with_settings(config, pool, changes)
    if _revision(_judged(operator, file.text), pool) == _revision(_judged(operator, edited(file.text, edit)), pool):
        edit = edits.next_generation(config, pool, changes)
    after = _accepted(operator, file, edit)
    return operator.prepared() is not None and _updated(operator, file, after)


def _config(file: HeldFile) -> dict[str, Any]:
    try:
        return dict(read(file.text).value["config"])
    except (DocumentError, KeyError, TypeError, ValueError) as error:
        raise CannotOperateError(f"the stack file can't be read: {error}", "run llm-platform check") from error


def _judged(operator: Operator, text: str) -> Assessed:
    return assessed(text, folder=operator.stack.file.parent)


def _revision(found: Assessed, pool: str) -> str | None:
    """What names a pool beside the one that it replaces; None where the stack is rejected or has no such pool."""
    pools = found.plan.pools if found.plan is not None else ()
    return next((each.revision for each in pools if each.name == pool), None)


def _accepted(operator: Operator, file: HeldFile, edit: Edit) -> str:
    """The edited text.

    Raises:
        CannotOperateError: it would be rejected.
    """
    after = edited(file.text, edit)
    name, found, violated = operator.stack.file.name, _judged(operator, after), []
    if found.plan is not None:
        day = datetime.now(UTC).date().isoformat()
        found, judgement = accepted(graph_of(operator.stack.name, found), found, None, day)
        violated = [f"{each.policy}: {each.resource}: {each.message}" for each in judgement.violations if each.blocks]
    problems = [f"{each.path}: {each.message} → {each.fix}" for each in found.findings if each.severity == "error"]
    require(found.plan is not None, f"the edited {name} would be rejected", "; ".join(problems))
    require(not violated, f"the edited {name} would violate policies", "; ".join(violated))
    return after


def _updated(operator: Operator, file: HeldFile, after: str, made: Collection[str] = ()) -> bool:
    """Write the text after showing the difference, make secrets by these names, and update.

    Where the update doesn't begin, the file is as it was. False where nobody says yes, or it didn't reach its end.

    Raises:
        CannotOperateError: the update can't begin.
    """
    stack, screen = operator.stack, operator.screen
    if after != file.text:
        shown = difference(file.text, after, stack.file.name)
        screen.document({"event": "edit", "file": stack.file.name, "difference": shown})
        screen.say(f"{stack.file.name}:\n{shown}")
        if not operator.agreed(f"Write this into {stack.file.name}, and update the stack?"):
            return False
    earlier, done = len(stack.begun), False
    with interruption_raises():
        try:
            file.write(after)
            for name in made:
                with refusals(stack.name), file.written_by_another():
                    stack.feed(secrets.token_hex(HEX_BYTES), "config", "set", "--secret", f"{_NAMESPACE}{name}")
            done = operator.up()
        finally:
            if not done and "up" not in stack.begun[earlier:]:
                file.put_back()
    return done
