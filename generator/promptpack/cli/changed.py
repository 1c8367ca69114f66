"""A build or check with few changes, as commands do it: a look in, a plan of some packs out."""

from contextlib import suppress
from pathlib import Path

import click

from promptpack.cli.state import State
from promptpack.model import UserError
from promptpack.output.changed_packs import ChangedPacks, plan_changed
from promptpack.reporting.console import capture_output, print_line, replay_output

_DOUBTS = (OSError, ValueError, TypeError, AttributeError, LookupError, UserError)


def find_changed(state: State, root: Path, out: Path | None) -> ChangedPacks | None:
    """Return the plan for the packs that changes since the last record reach.

    None where there is no such record, and in any doubt: a whole run says what is wrong.
    """
    with suppress(*_DOUBTS, click.UsageError):
        if (look := state.pop_look()) and look.record.kept:
            return plan_changed(look, root, lambda named: state.output(root, out, named))
    return None


def ends_with(changed: ChangedPacks, line: str) -> bool:
    """Tell whether what was printed the last time ends with a line, or was nothing."""
    with capture_output() as printed:
        print_line(line)
    ((_, text),) = printed
    return changed.look.record.printed[-1:] in ([], [f"o{text}"])


def print_as_before(changed: ChangedPacks, last_line: str | None = None) -> None:
    """Print what was printed the last time, with another last line if one is given."""
    printed = changed.look.record.printed
    texts = printed if last_line is None else printed[:-1]
    replay_output(("stderr" if text[0] == "e" else "stdout", text[1:]) for text in texts)
    if printed and last_line is not None:
        print_line(last_line)
