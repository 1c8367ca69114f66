"""What every command shares: the project's folder and how to speak."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from promptpack.cli.choices import Choices
from promptpack.output.record import Look
from promptpack.source.disk import find_real_path

FORMATS = ("human", "json")
COLORS = ("auto", "always", "never")

Command = TypeVar("Command", bound=Callable[..., object])


@dataclass
class State:
    """The global options; `arguments` are the words of the call, none where that is not known.

    `looks` has what the call found at the places of its record, if it has one.
    """

    directory: Path | None
    format: str
    color: str
    quiet: bool
    verbose: bool
    arguments: tuple[str, ...] = ()
    looks: list[Look] = field(default_factory=list)

    def pop_look(self) -> Look | None:
        """Return what the call found at the places of its record, the first time it is asked."""
        return self.looks.pop() if self.looks else None

    def root(self) -> Path:
        """Return the project's folder: the one given, else the nearest upwards with `packs/`.

        Raises UsageError where there is none.
        """
        from promptpack.reading.roots import find_project_folder  # noqa: PLC0415 - not for --version

        if self.directory is not None:
            if not (self.directory / "packs").is_dir():
                raise click.UsageError(
                    f"'{self.directory}' has no 'packs' folder; start a project there with "
                    f"'promptpack init', and a pack with 'promptpack new'."
                )
            return find_real_path(self.directory)
        root = find_project_folder(Path.cwd())
        if root is None:
            raise click.UsageError(
                "No 'packs' folder here or in any folder above; set the project's folder with -C, "
                "or start a project with 'promptpack init', and a pack with 'promptpack new'."
            )
        return root

    def place(self) -> tuple[str, ...]:
        """Return the words by which another command finds the same project."""
        return ("-C", str(self.directory)) if self.directory else ()

    def output(self, root: Path, out: Path | None, named: str = "") -> Path:
        """Return the output folder; raises UsageError for one that outputs may not go into.

        `out` is what was asked for here, `named` what the project file says.
        """
        from promptpack.output.folders import find_folder_problem  # noqa: PLC0415 - not for --version
        from promptpack.reading.roots import OUTPUT_FOLDER  # noqa: PLC0415 - not for --version

        folder = root / (named or OUTPUT_FOLDER) if out is None else out
        if reason := find_folder_problem(folder, root):
            raise click.UsageError(f"'{folder}' can't be the output folder: {reason}.")
        return folder

    def shown(self, folder: Path) -> str:
        """Return a folder as a person here would write it."""
        current = Path.cwd()
        resolved = find_real_path(folder)
        return (
            resolved.relative_to(current).as_posix()
            if resolved.is_relative_to(current)
            else str(folder)
        )

    def choose_color(self) -> bool | None:
        """Return whether to colour; None leaves it to whether the output is a terminal."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR", "0") not in {"", "0", "false"}:
            return True
        return False if os.environ.get("TERM") == "dumb" else None


_GIVEN_FOLDER = "promptpack.directory"


def find_given_folder(context: click.Context) -> Path | None:
    """Return the project's folder as `-C` names it, also where no command is run."""
    found = context.meta.get(_GIVEN_FOLDER) or context.find_root().params.get("directory")
    return found if isinstance(found, Path) else None


pass_state = click.make_pass_decorator(State)


def add_global_options(command: click.Command) -> click.Command:
    """Give a command the global options too, so that they may stand before it or after it."""
    options: dict[tuple[str, ...], dict[str, Any]] = {
        ("-C", "directory"): {"type": click.Path(path_type=Path), "help": "The project's folder."},
        ("--color", "color"): {"type": Choices(COLORS), "help": "Whether to use colors."},
        ("-q", "--quiet"): {"is_flag": True, "help": "Print only problems."},
        ("-v", "--verbose"): {"is_flag": True, "help": "Print more detail."},
    }

    def store(context: click.Context, parameter: click.Parameter, value: object) -> None:
        state = context.find_object(State)
        if value and parameter.name == "directory":
            context.meta[_GIVEN_FOLDER] = value
        if value and state is not None:
            setattr(state, str(parameter.name), value)
            context.color = state.choose_color()

    existing = {option for parameter in command.params for option in parameter.opts}
    command.params += [
        click.Option(names, expose_value=False, callback=store, is_eager=True, **settings)
        for names, settings in options.items()
        if not existing & {*names}
    ]
    return command


def format_option(command: Command) -> Command:
    """Give a command a `--format` of its own, which wins over the global one."""

    def store(context: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.find_object(State).format = value  # type: ignore[union-attr]  # set by the group

    return click.option(
        "--format",
        type=Choices(FORMATS),
        expose_value=False,
        callback=store,
        help="Output format.",
    )(command)


def selection_options(command: Command) -> Command:
    """Give a command the options that select variants and targets, as one `selection`."""

    def run_with_selection(
        *args: object,
        packs: tuple[str, ...],
        models: tuple[str, ...],
        policies: tuple[str, ...],
        targets: tuple[str, ...],
        languages: tuple[str, ...],
        **options: object,
    ) -> object:
        from promptpack.rendering.variants import Selection  # noqa: PLC0415 - not for --version

        selection = Selection(packs, models, policies, targets, languages)
        return command(*args, selection=selection, **options)

    from promptpack.cli.names import SELECTION  # noqa: PLC0415 - that module knows the state

    decorated = update_wrapper(run_with_selection, command)
    for name, plural in (
        ("language", "languages"),
        ("policy", "policies"),
        ("model", "models"),
        ("pack", "packs"),
        ("target", "targets"),
    ):
        decorated = click.option(
            f"--{name}",
            plural,
            multiple=True,
            metavar="NAME",
            shell_complete=SELECTION[name],
            help=f"Only these {plural}; may be repeated.",
        )(decorated)
    return cast("Command", decorated)


def out_option(command: Command) -> Command:
    """Give a command the option that names the output folder."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="The output folder; default: dist in the project.",
    )(command)


def whole_option(command: Command) -> Command:
    """Give a command the option that has it look at everything."""
    return click.option(
        "--no-cache",
        is_flag=True,
        help="Do the whole work, also if nothing changed since the last run.",
    )(command)


def from_option(command: Command) -> Command:
    """Give a command the option that names the client of the files it finds."""
    from promptpack.cli.names import complete_targets  # noqa: PLC0415 - that module knows the state

    return click.option(
        "--from",
        "target",
        default="",
        metavar="TARGET",
        shell_complete=complete_targets,
        help="Take every file there for one of this client, wherever it stands.",
    )(command)
