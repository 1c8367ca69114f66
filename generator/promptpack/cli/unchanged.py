"""The record of a run that changed nothing, as commands leave it: plans in, nothing out."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from promptpack.cli.state import State
from promptpack.model import Artifact, UserError
from promptpack.output.folder_plan import Plan
from promptpack.output.kept import KeptPacks, describe_packs
from promptpack.output.record import UnrecordedError
from promptpack.output.recording import Recorder
from promptpack.reporting.console import capture_output
from promptpack.session import Session
from promptpack.source.contents import read_content


def start_recorder(state: State, root: Path, *, is_wanted: bool) -> Recorder | None:
    """Return what can leave a record of this run, or None where there will be none.

    A run that prints data or details has none. To be called before anything of the project is read.
    What was found of the last record goes: a whole run needs the memory.
    """
    state.looks.clear()
    if not is_wanted or not state.arguments or state.format != "human" or state.verbose:
        return None
    with suppress(OSError, ValueError, UnrecordedError):
        return Recorder(state.arguments, root, state.directory or Path.cwd())
    return None


def keep_packs(
    session: Session, artifacts: Sequence[Artifact], permissions: Plan | None
) -> KeptPacks | None:
    """Return what is to be kept of all packs, or None where it can't be told.

    `permissions` is the plan for the list of permissions, if there is one.
    """
    lists = permissions.desired.values() if permissions else ()
    rights = "".join(read_content(one.content).decode() for one in lists)
    with suppress(UserError):
        return describe_packs(session, artifacts, rights)
    return None


def leave_record(
    recorder: Recorder | None,
    plans: Sequence[Plan],
    report: Callable[[Sequence[Plan]], object],
    places: Sequence[Path] = (),
    kept: KeptPacks | None = None,
) -> None:
    """Leave a record of a run that made these plans, the first of them for the output folder.

    `report` prints what the next call prints if these are its plans. `places` are the folders of
    installations, those included that are out of reach. `kept` is for a run that finds few changes.
    """

    def render(plans: Sequence[Plan]) -> list[str]:
        with capture_output() as printed:
            report(plans)
        return [f"{'e' if name == 'stderr' else 'o'}{text}" for name, text in printed]

    if recorder:
        recorder.store(plans, places, render, kept)
