"""The start of the program: what can be answered at once, is; all else is left to the command line.

Nothing but Python itself is loaded for `--version`, and for a build or check whose record says that
nothing has changed.
"""

import os
import sys

from promptpack.output.record import RecordAnswer, find_unchanged
from promptpack.version import __version__

_COLLECT_AFTER = 1_000_000, 20, 100
"""How seldom Python looks for cycles. A run makes millions of objects, and nearly none are in one.

In numbers of objects, of young and of middle-aged collections. With Python's own (700, 10, 10) it
takes a tenth of the time of a comparison to look.
"""


def main() -> None:
    """Run the program and leave with its exit code."""
    arguments = sys.argv[1:]
    is_version = arguments == ["--version"]
    version = [f"opromptpack {__version__}\n"]
    answer = RecordAnswer(version) if is_version else find_unchanged(arguments)
    if answer.printed is None or not _print_all(answer.printed):
        import gc  # noqa: PLC0415 - see above

        gc.set_threshold(*_COLLECT_AFTER)
        from promptpack.cli import main as run_command_line  # noqa: PLC0415 - see above

        try:
            run_command_line(answer.looks)
        finally:
            gc.freeze()  # what is left goes with the process, so nobody looks for cycles in it


def _print_all(printed: list[str]) -> bool:
    """Print texts, each after the letter of its stream; tell whether that was possible."""
    streams = {"o": sys.stdout, "e": sys.stderr}
    try:
        parts = [(streams[text[0]], text[1:].replace("\n", os.linesep)) for text in printed]
        contents = [(stream.fileno(), text.encode(stream.encoding)) for stream, text in parts]
        for descriptor, content in contents:
            while content:
                content = content[os.write(descriptor, content) :]  # noqa: PLW2901 - the rest of it
    except (AttributeError, KeyError, IndexError, OSError, ValueError):  # closed, full, too narrow
        return False
    return True


def _forget_current_folder() -> None:
    """Take the current folder off Python's path, where `python -m promptpack` has put it.

    It is mostly that of a project, whose files are never imported. Where promptpack itself is in
    it, what promptpack uses may be there too.
    """
    folder = os.getcwd()  # noqa: PTH109 - no pathlib
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - the same
    if not sys.flags.safe_path and sys.path[:1] == [folder] and own != folder:
        del sys.path[0]


if __name__ == "__main__":
    _forget_current_folder()
    main()
