"""`promptpack completion`: a script that completes commands and options in a shell."""

import click
from click.shell_completion import get_completion_class

from promptpack.cli.choices import Choices
from promptpack.reporting.console import print_data


@click.command("completion")
@click.argument("shell", type=Choices(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(promptpack completion bash)"
    """
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"No completion for {shell}.")
    program = context.find_root().command
    script = completion_class(program, {}, "promptpack", "_PROMPTPACK_COMPLETE").source()
    print_data(f"{script}\n")
