"""Arguments and options that several verbs share."""

from typing import Annotated

import typer

StackName = Annotated[str, typer.Argument(metavar="STACK", help="The stack: Pulumi.STACK.yaml is read.")]
ConfigFile = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="Read this stack file instead.", show_default=False)
]
