"""How far a command is: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from promptpack.cli.state import State
from promptpack.reporting import console


@contextmanager
def show_progress(state: State, title: str) -> Iterator[Callable[[int, int], None]]:
    """Give what tells how much of all is done; it is shown to a person at a terminal."""
    if state.quiet or state.format != "human" or not console.is_terminal("stderr"):
        yield lambda _done, _all: None
        return
    with console.show_progress(title, colored=state.choose_color() is not False) as progress:
        yield progress
