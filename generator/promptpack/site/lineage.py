"""Where something stands: what it is made of and what is made from it in, a small drawing out.

One hop to each side, drawn here and now: it needs no script, and no graph grows without end.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promptpack.site.escape import text

_NODE, _GAP, _ROW, _HEIGHT = 210, 45, 34, 26
_MOST, _LETTERS = 12, 24


class Node(NamedTuple):
    """A box of the drawing: what stands in it, and where it leads (nowhere where that is empty)."""

    label: str
    address: str = ""


def lineage(before: Sequence[Node], name: str, after: Sequence[Node]) -> str:
    """Return the drawing as one line of HTML; nothing where there is nothing on either side."""
    if not before and not after:
        return ""
    left, right = _shown(before), _shown(after)
    height = max(len(left), len(right), 1) * _ROW
    middle = _NODE + _GAP if left else 0
    last = middle + _NODE + _GAP
    width = last + _NODE if right else middle + _NODE
    centre = height / 2
    drawn = [_line(_NODE, y, middle, centre) for y in _rows(left, height)]
    drawn += [_line(middle + _NODE, centre, last, y) for y in _rows(right, height)]
    drawn += [_box(node, 0, y) for node, y in zip(left, _rows(left, height), strict=True)]
    drawn += [_box(node, last, y) for node, y in zip(right, _rows(right, height), strict=True)]
    drawn.append(_box(Node(name), middle, centre, "pp-self"))
    return (
        '<div class="pp-lineage" role="region" aria-label="Lineage" tabindex="0">'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="group" aria-label="What it is made of, and what is made from it">'
        f"{''.join(drawn)}</svg></div>"
    )


def _shown(nodes: Sequence[Node]) -> list[Node]:
    if len(nodes) <= _MOST:
        return [*nodes]
    return [*nodes[: _MOST - 1], Node(f"and {len(nodes) - _MOST + 1} more")]


def _rows(nodes: Sequence[Node], height: float) -> list[float]:
    top = (height - len(nodes) * _ROW) / 2
    return [top + _ROW * (n + 0.5) for n in range(len(nodes))]


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (x + to_x) / 2
    return f'<path d="M{x:g} {y:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}"></path>'


def _box(node: Node, x: float, y: float, kind: str = "") -> str:
    label = node.label if len(node.label) <= _LETTERS else f"{node.label[: _LETTERS - 1]}…"
    top = y - _HEIGHT / 2
    drawn = (
        f'<rect x="{x + 0.5:g}" y="{top:g}" width="{_NODE - 1}" height="{_HEIGHT}" rx="5"></rect>'
        f'<text x="{x + _NODE / 2:g}" y="{y + 4.5:g}">{text(label)}</text>'
    )
    title = f"<title>{text(node.label)}</title>" if label != node.label else ""
    if node.address:
        return f'<a href="{node.address}">{title}{drawn}</a>'
    return f'<g class="{kind or "pp-still"}">{title}{drawn}</g>'
