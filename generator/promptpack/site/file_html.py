"""The lines of files as HTML: runs of lines and texts to compare in, one line of HTML out.

They are most of what a site of many variants holds, and templates would take half of its time for
them. So they are put together here, from pieces that are escaped already.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from operator import attrgetter

from markupsafe import Markup

from promptpack.site.client_merge import ClientNumbers, Row, Run
from promptpack.site.escape import mark_safe
from promptpack.site.line_pairs import mark_words, pair_lines

EscapeLine = Callable[[str], Markup]
RenderPair = Callable[[str, str], Markup]
LinkSource = Callable[[str, int, int], Markup]
"""Links the lines of a source, by its path, the first and the last."""

Operation = tuple[str, int, int, int, int]
"""What `SequenceMatcher` says of a part of two texts: what became of it, and its place in both."""

_CONTEXT_LINES = 2
_GAP = '<span class="pp-gap">⋯&#10;</span>'
"""What stands for lines that are left out."""


def render_runs(
    runs: Sequence[Run], file_count: int, escape_line: EscapeLine, link_source: LinkSource
) -> Markup:
    """Return all files as runs; the lines of the first client have the anchors `L1` and so on.

    There are so many lines that their attributes have no quotes, which HTML does not ask for here.
    """
    parts: list[str] = []
    number = 1
    for clients, neighbours in groupby(runs, key=attrgetter("clients")):
        is_for_all, is_first_client = len(clients) == file_count, 0 in clients
        parts.append("" if is_for_all else _open_division(clients, file_count))
        for run in neighbours:
            lines = _render_lines(run.rows, number if is_first_client else 0, escape_line)
            links = _link_sources(run.rows, link_source)
            parts.append(f"<div class=pp-run><p>{links}</p><pre>{lines}</pre></div>")
            number += len(run.rows) if is_first_client else 0
        parts.append("" if is_for_all else "</div>")
    return mark_safe("".join(parts))


def render_for_clients(html: Markup, clients: ClientNumbers, file_count: int) -> Markup:
    """Return HTML that shows only where one of some clients is chosen."""
    return mark_safe(f"{_open_division(clients, file_count)}{html}</div>")


def render_hunks(
    escape_line: EscapeLine, render_pair: RenderPair, old: Sequence[str], new: Sequence[str]
) -> tuple[Markup, ...]:
    """Return the lines that went and came, with a little around them, a piece for each place."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    pieces = []
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT_LINES)):
        gap = _GAP if number or group[0][1] else ""
        lines = "".join(_iter_hunk_lines(escape_line, render_pair, old, new, group))
        pieces.append(mark_safe(f'<pre class="pp-diff"><code>{gap}{lines}</code></pre>'))
    return tuple(pieces)


def render_pair(escape_line: EscapeLine, old: str, new: str) -> Markup:
    """Return a line and what became of it, with the words marked that only one of them has."""
    sides = mark_words(old, new)
    old_html, new_html = (
        "".join(
            f"<mark>{escape_line(run.text)}</mark>" if run.is_changed else escape_line(run.text)
            for run in side
        )
        for side in sides
    )
    return mark_safe(
        f'<span class="pp-pair"><del>{old_html}&#10;</del><ins>{new_html}&#10;</ins></span>'
    )


def _render_lines(rows: Sequence[Row], first_number: int, escape_line: EscapeLine) -> str:
    """Return lines with the line that each is written in; with anchors from a number on."""
    if not first_number:
        return "".join(
            f"<span data-n={row.origins[0].line}>{escape_line(row.text)}&#10;</span>"
            for row in rows
        )
    return "".join(
        f"<span id=L{number} data-n={row.origins[0].line}>{escape_line(row.text)}&#10;</span>"
        for number, row in enumerate(rows, first_number)
    )


def _link_sources(rows: Sequence[Row], link_source: LinkSource) -> str:
    """Return links to the sources of lines, the most specific first."""
    lines_by_path: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for origin in row.origins:
            lines_by_path[origin.path].append(origin.line)
    return " ".join(
        link_source(path, min(line_numbers), max(line_numbers))
        for path, line_numbers in lines_by_path.items()
    )


def _open_division(clients: ClientNumbers, file_count: int) -> str:
    """Return the tag that begins what shows where one of some clients is chosen."""
    if len(clients) == file_count:
        return "<div>"
    return f'<div class="pp-of {" ".join(f"f{number}" for number in sorted(clients))}">'


def _iter_hunk_lines(
    escape_line: EscapeLine,
    render_pair: RenderPair,
    old: Sequence[str],
    new: Sequence[str],
    hunk: Iterable[Operation],
) -> Iterator[str]:
    for tag, start, end, new_start, new_end in hunk:
        if tag == "equal":
            yield from (f"<span>{escape_line(line)}&#10;</span>" for line in old[start:end])
            continue
        for before, after in pair_lines(old[start:end], new[new_start:new_end]):
            if before is not None and after is not None:
                yield render_pair(before, after)
            elif before is not None:
                yield f"<del>{escape_line(before)}&#10;</del>"
            elif after is not None:
                yield f"<ins>{escape_line(after)}&#10;</ins>"
