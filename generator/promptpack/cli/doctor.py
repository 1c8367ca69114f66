"""`promptpack doctor`: what is installed and found, and what would be written where."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from promptpack.cli.installing import Request, plan_request
from promptpack.cli.report import wrap_text
from promptpack.cli.state import State, format_option, pass_state
from promptpack.model import Project, UserError
from promptpack.output.installations import InstallationPlan, list_differing
from promptpack.output.plan import SCHEMA_VERSION
from promptpack.reading.project import load_project
from promptpack.reading.roots import PROJECT_FILE, find_project_folder
from promptpack.reporting.console import print_json, print_lines, style
from promptpack.reporting.plurals import pluralize
from promptpack.source.disk import find_real_path
from promptpack.starting.machine import (
    DISTRIBUTION,
    NAMESAKE,
    InstalledClient,
    Machine,
    examine_machine,
    find_clients,
    find_git_version,
)
from promptpack.targets import TARGETS

_EVERYTHING = Request(None, (), None, None, None, is_for_user=False, is_written=False)


class _Diagnosis:
    """All that is found, as the report has it; `problems` are what is broken."""

    def __init__(self, state: State, *, asks: bool) -> None:
        self.machine: Machine = examine_machine()
        self.clients: Sequence[InstalledClient] = find_clients(asks=asks)
        self.git = find_git_version()
        self.problems = [*self.machine.problems]
        self.root = find_project_folder(find_real_path(state.directory or Path()))
        self.project: Project | None = None
        self.installations: list[InstallationPlan] = []
        if self.root is not None:
            self._read_project(self.root)

    def _read_project(self, root: Path) -> None:
        try:
            self.project = load_project(root)
            if self.project.installations:
                self.installations = plan_request(self.project, root, _EVERYTHING)
        except UserError as error:
            count = pluralize(len(error.findings), "problem")
            self.problems.append(f"the project has {count}: promptpack lint")
        except click.UsageError as error:
            self.problems.append(f"an installation of the project: {error.format_message()}")


@click.command("doctor")
@click.option("--no-clients", is_flag=True, help="Start no client to ask for its version.")
@format_option
@pass_state
def command(state: State, *, no_clients: bool) -> int:
    """Print what is installed and found, and what would be written where; writes nothing.

    It works in any folder. Each client on the PATH is started with `--version`, for at most five
    seconds. The exit code is 1 if something is broken.
    """
    found = _Diagnosis(state, asks=not no_clients)
    if state.format == "json":
        print_json(_make_data(found))
    else:
        print_lines(_format_machine(found, quiet=state.quiet))
        print_lines(_format_problems(found.problems))
    return 1 if found.problems else 0


def _make_data(found: _Diagnosis) -> dict[str, Any]:
    machine = found.machine
    return {
        "schema_version": SCHEMA_VERSION,
        "python": {"version": machine.python, "executable": machine.executable},
        "promptpack": {"version": machine.version, "package": machine.package},
        "extras": dict(machine.extras),
        "namesake": machine.namesake,
        "git": found.git,
        "clients": [client._asdict() for client in found.clients],
        "project": str(found.root or ""),
        "project_file": str(_find_project_file(found) or ""),
        "installations": [_make_installation_data(one) for one in found.installations],
        "problems": found.problems,
    }


def _make_installation_data(installation: InstallationPlan) -> dict[str, Any]:
    return {
        "into": installation.destination.into,
        "folder": str(installation.destination.folder),
        "files": len(installation.plan.desired),
        "differing": len(list_differing(installation)),
    }


def _find_project_file(found: _Diagnosis) -> Path | None:
    has_file = found.root is not None and (found.root / PROJECT_FILE).exists()
    return found.root / PROJECT_FILE if found.root is not None and has_file else None


def _format_machine(found: _Diagnosis, *, quiet: bool) -> Iterator[str]:
    if quiet:
        return
    machine = found.machine
    yield f"Python {machine.python}: {machine.executable}"
    yield f"promptpack {machine.version}: {machine.package}"
    for extra, is_installed in machine.extras.items():
        how = (
            "installed" if is_installed else f"not installed: pip install '{DISTRIBUTION}[{extra}]'"
        )
        yield f"  extra {extra}: {how}"
    if machine.namesake:
        text = f"the distribution '{NAMESAKE}' {machine.namesake} is another project; "
        yield from wrap_text("  ", f"{text}`import promptpack` finds {machine.package}", 4)
    yield found.git or style("git: not found; diff and the history need it", "yellow")
    yield from _format_clients(found.clients)
    yield from _format_project(found)


def _format_clients(clients: Sequence[InstalledClient]) -> Iterator[str]:
    width = max(len(TARGETS[client.target].title) for client in clients)
    yield "Clients:"
    for client in clients:
        title = TARGETS[client.target].title.ljust(width)
        answer = client.version or "version not known"
        yield f"  {title}  {f'{answer}, {client.path}' if client.path else 'not found'}"


def _format_project(found: _Diagnosis) -> Iterator[str]:
    if found.root is None:
        yield "Project: none here; promptpack init starts one"
        return
    yield f"Project: {found.root}"
    yield f"  {PROJECT_FILE}: {'found' if _find_project_file(found) else 'none, which is fine'}"
    if found.project is not None:
        packs = pluralize(len(found.project.packs), "pack")
        yield f"  {packs}, {pluralize(len(found.project.installations), 'installation')}"
    for one in found.installations:
        count = len(list_differing(one))
        files = pluralize(len(one.plan.desired), "file")
        change = f"{count} would be written or removed" if count else "nothing to write"
        yield f"  install into {one.destination.into}: {files}, {change}"


def _format_problems(problems: Sequence[str]) -> Iterator[str]:
    for problem in problems:
        yield from wrap_text(style("Broken: ", "red", bold=True), problem, 2)
    if not problems:
        yield "Nothing is broken"
