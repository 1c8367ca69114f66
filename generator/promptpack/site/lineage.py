"""Where something stands: what it is made of and what is made from it in, a small drawing out.

One hop to each side, drawn here and now: it needs no script, and no graph grows without end.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promptpack.site.escape import escape_text

_NODE_WIDTH, _GAP_WIDTH, _ROW_HEIGHT, _NODE_HEIGHT = 210, 45, 34, 26
_MAX_NODES, _MAX_LABEL_LENGTH = 12, 24


class Node(NamedTuple):
    """A box of the drawing: what stands in it, and where it leads (nowhere where that is empty)."""

    label: str
    address: str = ""


def render_lineage(predecessors: Sequence[Node], name: str, successors: Sequence[Node]) -> str:
    """Return the drawing as one line of HTML; nothing where there is nothing on either side."""
    if not predecessors and not successors:
        return ""
    left_nodes, right_nodes = _limit_nodes(predecessors), _limit_nodes(successors)
    height = max(len(left_nodes), len(right_nodes), 1) * _ROW_HEIGHT
    middle_x = _NODE_WIDTH + _GAP_WIDTH if left_nodes else 0
    right_x = middle_x + _NODE_WIDTH + _GAP_WIDTH
    width = right_x + _NODE_WIDTH if right_nodes else middle_x + _NODE_WIDTH
    center_y = height / 2
    shapes = [
        _draw_connector(_NODE_WIDTH, y, middle_x, center_y)
        for y in _compute_row_centers(left_nodes, height)
    ]
    shapes += [
        _draw_connector(middle_x + _NODE_WIDTH, center_y, right_x, y)
        for y in _compute_row_centers(right_nodes, height)
    ]
    shapes += [
        _draw_box(node, 0, y)
        for node, y in zip(left_nodes, _compute_row_centers(left_nodes, height), strict=True)
    ]
    shapes += [
        _draw_box(node, right_x, y)
        for node, y in zip(right_nodes, _compute_row_centers(right_nodes, height), strict=True)
    ]
    shapes.append(_draw_box(Node(name), middle_x, center_y, "pp-self"))
    return (
        '<div class="pp-lineage" role="region" aria-label="Lineage" tabindex="0">'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="group" aria-label="What it is made of, and what is made from it">'
        f"{''.join(shapes)}</svg></div>"
    )


def _limit_nodes(nodes: Sequence[Node]) -> list[Node]:
    if len(nodes) <= _MAX_NODES:
        return [*nodes]
    return [*nodes[: _MAX_NODES - 1], Node(f"and {len(nodes) - _MAX_NODES + 1} more")]


def _compute_row_centers(nodes: Sequence[Node], height: float) -> list[float]:
    top = (height - len(nodes) * _ROW_HEIGHT) / 2
    return [top + _ROW_HEIGHT * (number + 0.5) for number in range(len(nodes))]


def _draw_connector(x: float, y: float, to_x: float, to_y: float) -> str:
    middle_x = (x + to_x) / 2
    return (
        f'<path d="M{x:g} {y:g}C{middle_x:g} {y:g} {middle_x:g} {to_y:g} {to_x:g} {to_y:g}"></path>'
    )


def _draw_box(node: Node, x: float, y: float, css_class: str = "") -> str:
    label = (
        node.label
        if len(node.label) <= _MAX_LABEL_LENGTH
        else f"{node.label[: _MAX_LABEL_LENGTH - 1]}…"
    )
    top = y - _NODE_HEIGHT / 2
    shapes = (
        f'<rect x="{x + 0.5:g}" y="{top:g}" width="{_NODE_WIDTH - 1}" height="{_NODE_HEIGHT}" '
        'rx="5"></rect>'
        f'<text x="{x + _NODE_WIDTH / 2:g}" y="{y + 4.5:g}">{escape_text(label)}</text>'
    )
    title = f"<title>{escape_text(node.label)}</title>" if label != node.label else ""
    if node.address:
        return f'<a href="{node.address}">{title}{shapes}</a>'
    return f'<g class="{css_class or "pp-still"}">{title}{shapes}</g>'
