"""The one way to print: text and data in, bytes on a stream that can't act on who reads them out.

Names, titles, keys, reasons and refs are written by others. On a terminal, a control character in
one of them moves the cursor, a direction mark swaps words, a newline forges a line. In the log of a
workflow, a line that begins with `::` is a command, and so is `##[…]` anywhere in a line; other
services have a word before the bracket.

So everything is escaped here, at the end of its way, and what a caller forgets is escaped as well.
Only a mark that `style` makes becomes a color: it holds a word that differs in each process, so no
file can contain it.
"""

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal, TextIO

import click
from click.globals import resolve_color_default

from promptpack.patterns import compile_late
from promptpack.reporting.characters import name_character, reveal_line
from promptpack.reporting.json_text import dump_json

Color = Literal["red", "green", "yellow", "blue", "magenta", "cyan"]
StreamName = Literal["stdin", "stdout", "stderr"]

_CODES: Mapping[Color, str] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_KEY = os.urandom(8).hex()
_MARK = compile_late(rf"\ufdd0{_KEY}([0-9;]+)\ufdd1")
_ANY_MARK = rf"\ufdd0{_KEY}[0-9;]+\ufdd1"
_COMMAND = compile_late(rf"\A((?:\s|{_ANY_MARK})*):(?=(?:{_ANY_MARK})*:)")
_OLD_COMMAND = compile_late(rf"(#(?:{_ANY_MARK})*)#(?=(?:{_ANY_MARK}|\w)*\[)")
"""The two ways in which a line of a log is a command, whatever color it has; see OLD_COMMAND."""

_SIGNS = str.maketrans({"✓": "+", "✗": "x", "▲": "^", "▼": "v", "→": "->", "…": "...", "•": "*"})
"""What stands for our own signs in an encoding that lacks them."""

_ERRORS = "promptpack.name"
_CAPTURES: list[list[tuple[StreamName, str]]] = []
"""The texts of blocks in which nothing is printed, the innermost last."""


def measure_width() -> int:
    """Return how many columns the terminal has, or 80 where there is none.

    As `shutil.get_terminal_size` does, which takes as long to load as half of the YAML parser.
    """
    with suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns
    with suppress(AttributeError, OSError, ValueError):
        if sys.__stdout__ and (columns := os.get_terminal_size(sys.__stdout__.fileno()).columns):
            return columns
    return 80


def style(text: str, color: Color | None = None, *, bold: bool = False) -> str:
    """Return a text marked to be shown in a color, where there are colors."""
    codes = [*([_CODES[color]] if color else ()), *(["1"] if bold else ())]
    return f"{_make_mark(';'.join(codes))}{text}{_make_mark('0')}" if codes else text


def drop_styles(text: str) -> str:
    """Return a text without the marks of `style`."""
    return _MARK.sub("", text)


def clean_line(text: str) -> str:
    r"""Return a text as one line that can't act; it keeps its marks.

    >>> clean_line("a title\n::error::x"), clean_line("  ::error::x")
    ('a title<U+000A>::error::x', '  <U+003A>:error::x')
    """
    pieces = _MARK.split(text)
    line = "".join(
        _make_mark(piece) if index % 2 else reveal_line(piece) for index, piece in enumerate(pieces)
    )
    line = _COMMAND.sub(lambda match: f"{match[1]}{name_character(':')}", line)
    return _OLD_COMMAND.sub(lambda match: f"{match[1]}{name_character('#')}", line)


def join_lines(lines: Iterable[str]) -> str:
    """Return lines as one text, each of which is one line and ended by a newline."""
    return "".join(f"{clean_line(line)}\n" for line in lines)


def print_line(text: str = "", *, err: bool = False) -> None:
    """Print a line."""
    print_lines((text,), err=err)


def print_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines: a newline in one of them is shown, and makes no line of its own."""
    text = _MARK.sub(lambda match: f"\x1b[{match[1]}m", join_lines(lines))
    if text:
        _write(text, err=err)


def print_text(text: str, *, err: bool = False) -> None:
    """Print a text whose line ends are our own; where it ends is where the last line does."""
    print_lines(text.removesuffix("\n").split("\n"), err=err)


def print_data(content: str | bytes) -> None:
    """Print a file or a report as it is, in UTF-8; to a terminal, with what is hidden revealed."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if is_terminal("stdout"):
        text = data.decode("utf-8", "surrogateescape")
        _write("\n".join(reveal_line(line) for line in text.split("\n")))
    else:
        _write(data)


def print_json(data: object) -> None:
    """Print data as JSON."""
    print_data(dump_json(data))


def ask_to_go_on(question: str) -> bool:
    """Ask a question on stderr; tell whether the answer is yes.

    Raises click.Abort where nobody answers, and leaves the line of the question.
    """
    try:
        return click.confirm(clean_line(question), err=True)
    except click.Abort:
        print_line(err=True)
        raise


def is_terminal(name: StreamName) -> bool:
    """Tell whether a stream is a terminal."""
    stream: TextIO | None = getattr(sys, name)
    return stream is not None and stream.isatty()


@contextmanager
def show_progress(title: str, *, colored: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while something is done; give what tells it how much of all is done."""
    from rich.console import Console  # noqa: PLC0415 - only where there is somebody to see it
    from rich.progress import Progress, TaskID  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=not colored)
    with Progress(console=console, transient=True) as bar:
        task: TaskID = bar.add_task(title, total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)


def prepare_streams() -> None:
    """Make stdout and stderr take any text, also where the caller closed them (`>&-`)."""
    codecs.register_error(_ERRORS, _name_missing_signs)
    sys.stdout, sys.stderr = _make_writable(sys.stdout), _make_writable(sys.stderr)


def flush_streams() -> None:
    """Write out what is left, or drop it if nobody reads it any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def capture_output() -> Iterator[list[tuple[StreamName, str]]]:
    """Keep what the block prints, as its stream would show it, in place of printing it."""
    printed: list[tuple[StreamName, str]] = []
    _CAPTURES.append(printed)
    try:
        yield printed
    finally:
        _CAPTURES.pop()


def replay_output(printed: Iterable[tuple[StreamName, str]]) -> None:
    """Print what `capture_output` kept of a run with the same streams."""
    for name, text in printed:
        _write(text, err=name == "stderr")


def _write(content: str | bytes, *, err: bool = False) -> None:
    """Write to a stream as it is: click would write UTF-8 into one that says it takes ASCII."""
    if _CAPTURES:
        name: StreamName = "stderr" if err else "stdout"
        text = content.decode() if isinstance(content, bytes) else content
        is_colored = resolve_color_default()
        is_colored = is_terminal(name) if is_colored is None else is_colored
        _CAPTURES[-1].append((name, text if is_colored else click.unstyle(text)))
        return
    click.echo(content, sys.stderr if err else sys.stdout, nl=False)


def _make_writable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return io.TextIOWrapper(io.BytesIO())
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=_ERRORS)  # a sign the terminal lacks is no reason to fail
    return stream


def _name_missing_signs(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for the characters that a stream's encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end].translate(_SIGNS)
    return "".join(c if c.isascii() else name_character(c) for c in missing), error.end


def _make_mark(codes: str) -> str:
    return f"\ufdd0{_KEY}{codes}\ufdd1"
