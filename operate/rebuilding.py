"""Rebuilds a state that was lost: imports every resource by the id that its names make, then updates."""

from typing import Any

from pulumi.automation.errors import CommandError

from operate import state
from operate.importing import PARTS, ImportFiles, Part
from operate.running import report, require, run
from operate.updating import Operator
from operate.workspace import refusals


def rebuild(operator: Operator, files: ImportFiles) -> bool:
    """Import both parts, with the provider of the cluster's objects between them, then show what is left to update.

    It may be repeated: what the state has under the same id stays as it is. False where it did not reach its end.

    Raises:
        CannotOperateError: the state has operations that are not settled, or nobody can agree.
    """
    stack = operator.stack
    saved = state.saved(stack)
    require(
        not saved.pending, "the state has unfinished operations, so it was not lost", f"llm-platform up {stack.name}"
    )
    count = sum(len(files.files[part]["resources"]) for part in PARTS)
    if not operator.agreed(
        f"Import {count} resources into the state of {stack.name}, which has {len(saved.resources)}?"
    ):
        return False
    for part in PARTS:
        if part == "cluster" and not _provider(operator, files.cluster_provider):
            return False
        if not _imported(operator, part, files.files[part]):
            return False
    return operator.up()


def _provider(operator: Operator, urn: str) -> bool:
    """Make the provider of the cluster's objects, whose kubeconfig the cluster gives: no file has it."""
    outcome = run(operator.stack, "up", operator.screen, target=[urn])
    report(outcome, operator.screen, "the cluster's provider")
    return outcome.went_well


def _imported(operator: Operator, part: Part, file: Any) -> bool:
    if not file["resources"]:
        return True
    screen = operator.screen
    screen.say(f"importing {len(file['resources'])} resources: {part}")
    try:
        with operator.stack.beginning("import"), refusals(operator.stack.name):
            operator.stack.import_resources(
                resources=file["resources"], name_table=file["nameTable"], protect=False, generate_code=False
            )
    except CommandError as error:
        lines = [line for line in str(error).splitlines() if "error" in line.lower()]
        screen.document({"event": "outcome", "operation": "import", "result": "failed", "errors": lines})
        screen.say("\n".join(["the import failed; what is imported stays, and it may be repeated:", *lines]))
        return False
    screen.document({"event": "imported", "part": part, "resources": len(file["resources"])})
    return True
