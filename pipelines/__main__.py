"""`.venv/bin/python -m pipelines STEP`: the steps of the pipelines."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cli import app
from cli.options import verb
from cli.stack_files import read_stack
from pipelines import bootstrap, watch
from pipelines.compare import ROOT, compare
from pipelines.hosts import RefusedError, host
from pipelines.sign_in import signed_in
from pipelines.smoke import smoke
from pipelines.update import DRIFTED, Stack
from preview.findings import SourceFile
from preview.stack import Assessed, assessed

_NAME = "python -m pipelines"
_FINE, _FAILED, _REJECTED = 0, 1, 2
_CERTIFICATE_DAYS = 21
# How kubelogin signs in where nobody is signed in to the Azure CLI.
_LOGINS = ("workloadidentity", "spn", "msi")

_stack = click.argument("stack", metavar="STACK")
_out = click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Write to this file.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step; returns its exit code."""
    return app.main(arguments, _STEPS, _NAME)


@verb("compare", "Write the comment on a pull request.")
@_stack
@click.option("--base", required=True, metavar="COMMIT", help="What it is compared with.")
@_out
def _compare(stack: str, base: str, out: Path) -> int:
    """Preview a stack against another commit, and write what changes as Markdown. The exit code is the preview's."""
    status, text = compare(stack, base)
    out.write_text(text, encoding="utf-8")
    _summarize(text)
    return status


@verb("comment", "Write a comment on the pull request, or replace the former one.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
def _comment(file: Path) -> int:
    """Write what is in FILE; its first line is how the comment is found again."""
    text = file.read_text(encoding="utf-8")
    try:
        print(host().comment(text.partition("\n")[0], text))
    except RefusedError as error:
        if error.status != 403:  # noqa: PLR2004 - HTTP's own number
            raise
        print("this pipeline may not write a comment (a pull request from a fork); the text is in its summary")
    return _FINE


@verb("issue", "Open one issue, replace its text, or close it.")
@click.argument("title")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its text; where it is empty, or without it: close it.",
)
def _issue(title: str, file: Path | None) -> int:
    """Keep one open issue with TITLE for as long as there is something to say."""
    if file is not None and not file.is_file():
        print(f"{file} is not there: the step that writes it failed, and the issue stays as it is", file=sys.stderr)
        return _FAILED
    text = file.read_text(encoding="utf-8").strip() if file is not None else ""
    print(host().issue(title, text) if text else host().close(title))
    return _FINE


@verb("signed-in", "Run a command, signed in to Azure for as long as it takes.")
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND…")
def _signed_in(command: Sequence[str]) -> int:
    """Run COMMAND with AZURE_FEDERATED_TOKEN_FILE, which is renewed until it ends; returns its exit code."""
    return signed_in(command, host())


@verb("update", "Update a stack as it was previewed.")
@_stack
@click.option("--unlock", is_flag=True, help="Remove the lock of a lost runner first.")
def _update(stack: str, *, unlock: bool) -> int:
    """Preview with policies, then do what was previewed; an update that was broken off is continued."""
    found, problems = Stack(stack), _obstacles(stack)
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return _REJECTED
    if unlock and found.unlock():
        return _FAILED
    return found.update(_policies(stack))


@verb("preview", "What an update would do, by the state and by Azure.")
@_stack
def _preview(stack: str) -> int:
    """Run `pulumi preview` with the policies of the stack's environment."""
    problems = _obstacles(stack)
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return _REJECTED
    return Stack(stack).preview(_policies(stack))


@verb("drift", "Whether somebody changed what the stack made.")
@_stack
@_out
def _drift(stack: str, out: Path) -> int:
    """Write that something differs, nothing where nothing does. The exit code is 1 only where that is not known."""
    status = Stack(stack).drift(_policies(stack))
    if status not in (_FINE, DRIFTED):
        return _FAILED
    text = f"`pulumi preview --refresh` of `{stack}` finds changes: see the log of this run.\n"
    out.write_text(text if status == DRIFTED else "", encoding="utf-8")
    return _FINE


@verb("smoke", "Send one request to every model.")
@_stack
def _smoke(stack: str) -> int:
    """Send a request to every model through the gateway, with the key in LLM_PLATFORM_KEY."""
    outputs = Stack(stack).outputs()
    address, models = outputs.get("gateway"), outputs.get("models")
    key = os.environ.get("LLM_PLATFORM_KEY", "")
    if not isinstance(address, str) or not isinstance(models, list) or not key:
        print("LLM_PLATFORM_KEY must be set, and the stack must have been updated", file=sys.stderr)
        return _REJECTED
    problems = smoke(address, [str(model) for model in models], key)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(models) - len(problems)} of {len(models)} models answered")
    return _FAILED if problems else _FINE


@verb("certificate", "Whether the gateway's certificate ends soon.")
@_stack
@_out
def _certificate(stack: str, out: Path) -> int:
    """Write how long the gateway's certificate is still valid, where that is less than three weeks."""
    settings = _assessed(stack).loaded.settings
    name = settings.gateway.hostname if settings is not None else ""
    try:
        days = watch.certificate_days(name)
    except OSError as error:
        print(f"{name} can't be reached from here: {error}", file=sys.stderr)
        return _FAILED
    text = ""
    if isinstance(days, str):
        text = f"The certificate of `{name}` is not one that clients take: {days}\n"
    elif days < _CERTIFICATE_DAYS:
        text = f"The certificate of `{name}` ends in {days} days.\n"
    out.write_text(text, encoding="utf-8")
    return _FINE


@verb("findings", "What a check of the stack says by some rules.")
@_stack
@click.option("--rule", "rules", multiple=True, required=True, metavar="ID")
@_out
def _findings(stack: str, rules: Sequence[str], out: Path) -> int:
    """Write the findings of these rules, nothing where there is none."""
    found = watch.findings(stack, rules)
    if found is None:
        print(f"{stack} could not be checked: run llm-platform check {stack}", file=sys.stderr)
        return _FAILED
    expired = [each for each in watch.policy_findings(_policies(stack)) if any(rule in each for rule in rules)]
    out.write_text("\n".join([*found, *expired]), encoding="utf-8")
    return _FINE


@verb("pins", "What the registries say of the pinned charts and images.")
@_out
def _pins(out: Path) -> int:
    """Write which tags moved or have no digest, and what `pins --resolve` would write; nothing where nothing moved."""
    try:
        text = watch.pins()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return _FAILED
    out.write_text(text, encoding="utf-8")
    return _FINE


@verb("upgrades", "Which versions of a stack may move.")
@_stack
@_out
def _upgrades(stack: str, out: Path) -> int:
    """Write the verdicts of `llm-platform upgrade`, nothing where every version is the newest."""
    text = watch.upgrades(stack)
    if text is None:
        print(f"{stack} could not be judged: run llm-platform upgrade {stack}", file=sys.stderr)
        return _FAILED
    out.write_text(text, encoding="utf-8")
    return _FINE


@verb("bootstrap", "Make what must be there before the first update.")
@_stack
@click.option(
    "--repository", required=True, metavar="OWNER/NAME", help="The repository on GitHub whose pipeline updates it."
)
@click.option("--dry-run", is_flag=True, help="Only print the commands.")
def _bootstrap(stack: str, repository: str, *, dry_run: bool) -> int:
    """Make the state's store, its key and the pipeline's identity; each command is printed before it runs."""
    settings = _assessed(stack).loaded.settings
    if settings is None:
        raise click.ClickException(f"{stack} can't be read: run llm-platform check {stack}")
    platform = settings.platform
    wanted = bootstrap.Wanted(
        stack=stack, name=platform.name, suffix=platform.suffix, region=platform.region,
        subscription=platform.subscription_id, repository=repository,
    )  # fmt: skip
    if dry_run:
        print(*bootstrap.planned(wanted), sep="\n")
        return _FINE
    return bootstrap.bootstrap(wanted, _run)


class _MissingError(click.ClickException):
    exit_code = _REJECTED


def _run(command: Sequence[str]) -> tuple[int, str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise _MissingError(f"{command[0]} is not installed") from error
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def _policies(stack: str) -> Path:
    """How strict policies are for the environment that the stack file names."""
    return ROOT / "policy" / f"{_assessed(stack).environment}.json"


def _obstacles(stack: str) -> list[str]:
    """Why a pipeline doesn't begin: nobody could sign in to the cluster, or the policies' configuration is refused."""
    found = watch.policy_findings(_policies(stack))
    settings = _assessed(stack).loaded.settings
    if settings is not None and settings.cluster.login not in _LOGINS:
        found.append(
            f"cluster.login is {settings.cluster.login}, and a pipeline is not signed in like this; write "
            f"`login: workloadidentity` under cluster in Pulumi.{stack}.yaml"
        )
    return found


def _assessed(stack: str) -> Assessed:
    source = read_stack(stack, None)
    if not isinstance(source, SourceFile):
        raise click.ClickException(f"{source.path}: {source.message}")
    return assessed(source.text)


def _summarize(text: str) -> None:
    """GitHub shows this on the page of the run, also where no comment may be written."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write(text)


_STEPS = app.group(
    "The steps of the pipelines.",
    _compare, _comment, _issue, _signed_in, _preview, _update, _drift, _smoke, _certificate, _findings, _pins,
    _upgrades, _bootstrap,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
