"""A build or check with few changes, as commands do it: a recorder in, a plan of some packs out."""

from contextlib import suppress
from pathlib import Path

import click

from promptpack.cli.state import State
from promptpack.model import UserError
from promptpack.output.changed_packs import ChangedPacks, plan_changed
from promptpack.output.recording import Recorder
from promptpack.output.write import Plan
from promptpack.reporting.console import capture_output, print_line, replay_output

_DOUBTS = (OSError, ValueError, TypeError, AttributeError, LookupError, UserError)


def find_changed(
    recorder: Recorder | None, state: State, root: Path, out: Path | None
) -> ChangedPacks | None:
    """Return the plan for the packs that changes since the last record reach.

    None where there is no such record, and in any doubt: a whole run says what is wrong.
    """
    if recorder is None:
        return None
    looked = recorder.pop_sources()
    with suppress(*_DOUBTS, click.UsageError):
        if (last := recorder.find_last()) and last.kept:
            return plan_changed(last, looked, root, lambda named: state.output(root, out, named))
    return None


def ends_with(changed: ChangedPacks, line: str) -> bool:
    """Tell whether what was printed the last time ends with a line, or was nothing."""
    with capture_output() as printed:
        print_line(line)
    ((_, text),) = printed
    return changed.last.printed[-1:] in ([], [f"o{text}"])


def print_as_before(changed: ChangedPacks, last_line: str | None = None) -> None:
    """Print what was printed the last time, with another last line if one is given."""
    printed = changed.last.printed
    texts = printed if last_line is None else printed[:-1]
    replay_output(("stderr" if text[0] == "e" else "stdout", text[1:]) for text in texts)
    if printed and last_line is not None:
        print_line(last_line)


def leave_record_again(recorder: Recorder | None, changed: ChangedPacks, plan: Plan) -> None:
    """Leave a record of a run that made a plan of the packs with changes, and carried it out."""
    if recorder:
        printed = changed.last.printed
        recorder.store([plan], (), lambda _: printed, changed.kept, changed.last)
