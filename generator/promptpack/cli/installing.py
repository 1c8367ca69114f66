"""What `promptpack install` was asked for: its arguments in, a plan for each folder out."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from promptpack.cli.choice import choose_pack, choose_target, choose_variant
from promptpack.git.repository import find_top
from promptpack.git.sources import find_source_commit
from promptpack.model import USER, Project
from promptpack.output.folders import find_installation_problem
from promptpack.output.installations import (
    Destination,
    InstallationPlan,
    Occasion,
    find_destination,
    group_installations,
    is_installed,
    list_own_records,
    list_recorded,
    plan_installation,
    plan_removal,
)
from promptpack.reading.placements import Placement, make_placement
from promptpack.source.disk import find_real_path
from promptpack.targets import TARGETS
from promptpack.version import __version__

_NO_OCCASION = Occasion(__version__)
"""The occasion of a run that writes nothing."""


class Request(NamedTuple):
    """The words of a call: one agent, or what the project file says where there are none.

    `is_written` tells that what is planned is also carried out.
    """

    pack: str | None
    targets: tuple[str, ...]
    variant: str | None
    name: str | None
    into: Path | None
    is_for_user: bool
    is_written: bool

    @property
    def is_of_one(self) -> bool:
        """Tell whether one agent is asked for, and not what the project file says."""
        return any((self.pack, self.targets, self.variant, self.name))


def make_occasion(project: Project, root: Path) -> Occasion:
    """Return what the records of a run say of it."""
    return Occasion(__version__, find_source_commit(root, project))


def plan_request(project: Project, root: Path, request: Request) -> list[InstallationPlan]:
    """Return what it takes to install what was asked for; raises UsageError for what can't be."""
    occasion = make_occasion(project, root) if request.is_written else _NO_OCCASION
    if request.is_of_one:
        destination = _choose_destination(request, root)
        placements = _list_chosen(project, request)
        return [plan_installation(project, destination, placements, occasion, is_whole=False)]
    return [
        plan_installation(project, destination, placements, occasion, is_whole=True)
        for destination, placements in _iter_groups(project, root, request)
    ]


def plan_checked(project: Project, root: Path) -> tuple[list[InstallationPlan], list[str]]:
    """Return plans for the installations that are within reach, and a line for each other.

    Within reach is what lies in the project's own repository, and what something was installed in:
    elsewhere, as in another clone of the project, nobody may have installed anything.
    """
    plans, skipped = [], []
    for into, placements in group_installations(project).items():
        destination = find_destination(into, root)
        if _is_own(destination, root) or is_installed(destination):
            _check_folder(destination, root)
            plans.append(
                plan_installation(project, destination, placements, _NO_OCCASION, is_whole=True)
            )
        else:
            skipped.append(f"Not checked: nothing is installed in '{into}' here")
    return plans, skipped


def _is_own(destination: Destination, root: Path) -> bool:
    folder = find_real_path(destination.folder)
    return not destination.is_for_user and folder.is_relative_to(find_top(root))


def plan_uninstall(project: Project, root: Path, request: Request) -> list[InstallationPlan]:
    """Return what it takes to take out what was asked for."""
    if request.into or request.is_for_user:
        destinations = [_choose_destination(request, root)]
    else:
        destinations = [find_destination(into, root) for into in group_installations(project)]
        _refuse_none(destinations)
    name = request.name or request.pack or ""
    return [plan_removal(project, one, name, request.targets) for one in destinations]


def _iter_groups(
    project: Project, root: Path, request: Request
) -> Iterator[tuple[Destination, list[Placement]]]:
    """Yield each folder of the project file, or the one that was named, and what belongs there."""
    groups = group_installations(project)
    chosen = None
    if request.into or request.is_for_user:
        chosen = _choose_destination(request, root)
    else:
        _refuse_none(groups)
    placed = False
    for into, placements in groups.items():
        destination = find_destination(into, root)
        if chosen and not _is_same(chosen, destination):
            continue
        placed = True
        _check_folder(destination, root)
        yield destination, placements
    if chosen and not placed:
        if not list_own_records(project, chosen):
            message = f"Nothing of this project is installed in '{chosen.into}'"
            raise click.UsageError(f"{message}; name a pack, and a --target.")
        yield chosen, list_recorded(project, chosen)


def _refuse_none(groups: object) -> None:
    if not groups:
        raise click.UsageError(
            "Name a pack, a --target and a folder with --into; "
            "or list 'installations' in promptpack.yaml."
        )


def _choose_destination(request: Request, root: Path) -> Destination:
    """Return the folder that was named; raises UsageError where nothing may go there."""
    if request.is_for_user and request.into:
        raise click.UsageError("Use --into or --user, not both.")
    if request.is_for_user:
        destination = find_destination(USER, root)
    elif request.into:
        destination = Destination(str(request.into), find_real_path(request.into))
    else:
        raise click.UsageError("Name the folder with --into, or use --user.")
    _check_folder(destination, root)
    return destination


def _check_folder(destination: Destination, root: Path) -> None:
    if not destination.folder.is_dir():
        raise click.UsageError(f"'{destination.into}' is not a folder.")
    if reason := find_installation_problem(destination.folder, root):
        raise click.UsageError(f"'{destination.into}' can't be installed into: {reason}.")


def _is_same(one: Destination, other: Destination) -> bool:
    is_one_kind = one.is_for_user == other.is_for_user
    return is_one_kind and find_real_path(one.folder) == find_real_path(other.folder)


def _list_chosen(project: Project, request: Request) -> list[Placement]:
    """Return the agent that was named, for each client that was named."""
    pack = project.packs[choose_pack(project, request.pack)]
    if not request.targets:
        raise click.UsageError("Name at least one client with --target.")
    variant = choose_variant(pack, request.variant)
    for target in request.targets:
        choose_target(project, pack, target)
        if request.is_for_user and target in TARGETS and not TARGETS[target].user_path:
            title = TARGETS[target].title
            raise click.UsageError(f"{title} has no folder for the agents of a user.")
    name = request.name or ""
    return [make_placement(pack.name, variant, target, name) for target in request.targets]
