"""`promptpack build --watch`: builds again whenever a source changes, until it is interrupted."""

import importlib
import importlib.util
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import click

from promptpack.cli import report
from promptpack.cli.state import State
from promptpack.model import UserError
from promptpack.reading.root_finding import list_watched_paths
from promptpack.reporting.console import print_line

_MODULE = "watchfiles"
_MILLISECONDS = 200
"""How long is waited for a change at a time, also before the first build."""

_MISSING = (
    "--watch needs the package watchfiles: python -m pip install 'promptpack-generator[watch]'."
)


def require_watcher() -> None:
    """Raise UsageError where the package that watches files is not installed."""
    if importlib.util.find_spec(_MODULE) is None:
        raise click.UsageError(_MISSING)


def build_on_change(state: State, root: Path, build: Callable[[], str]) -> None:
    """Build now and after each change of a source, until the user interrupts.

    `build` returns a line about what it did. What is wrong is printed, and the next change is
    waited for.
    """
    changes = _iter_changes(root)
    try:
        next(changes)  # from here on no change is missed
        _build(state, build)
        if not state.quiet:
            print_line(f"Watching the sources in {state.shown(root)}; Ctrl-C ends this")
        for changed_paths in changes:
            if changed_paths:
                _build(state, build)
    except KeyboardInterrupt:
        pass
    print_line("Stopped watching", err=True)


def _build(state: State, build: Callable[[], str]) -> None:
    try:
        line = build()
    except UserError as error:
        report.print_user_error(error, report.NOTHING_WRITTEN, verbose=state.verbose)
    except click.UsageError as error:
        print_line(f"Error: {error.format_message()}", err=True)
    except OSError as error:
        print_line(f"promptpack: {error.filename}: {error.strerror}", err=True)
    else:
        if not state.quiet:
            print_line(line)


def _iter_changes(root: Path) -> Iterator[Collection[object]]:
    """Yield what changed of the sources, or nothing at all several times a second.

    Changes that come together are one. The first answer says that changes are looked for.
    """
    watch = importlib.import_module(_MODULE).watch  # an extra

    def is_source(_: object, path: str) -> bool:
        inner_path = f"{Path(path).relative_to(root).as_posix()}/"
        return any(inner_path.startswith(f"{name}/") for name in list_watched_paths(root))

    yield from watch(
        root, watch_filter=is_source, yield_on_timeout=True, rust_timeout=_MILLISECONDS
    )
