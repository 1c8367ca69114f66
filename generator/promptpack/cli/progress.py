"""How far a command is: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from promptpack.cli.state import State
from promptpack.reporting import console

MANY = 100
"""From how many files on it takes long enough to look into them that somebody may wonder."""


@contextmanager
def show_progress(state: State, title: str, least: int = 1) -> Iterator[Callable[[int, int], None]]:
    """Give what tells how much of all is done; a person at a terminal sees it.

    Where there is less to do than `least`, nothing is shown.
    """
    if state.quiet or state.format != "human" or not console.is_terminal("stderr"):
        yield lambda _done, _all: None
        return
    with ExitStack() as stack:
        bars: list[Callable[[int, int], None]] = []

        def tell(done: int, all_: int) -> None:
            if not bars and all_ >= least:
                is_colored = state.choose_color() is not False
                bars.append(stack.enter_context(console.show_progress(title, colored=is_colored)))
            for bar in bars:
                bar(done, all_)

        yield tell
