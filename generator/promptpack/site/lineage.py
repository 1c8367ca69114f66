"""Where something stands: what it is made of and what is made from it in, a small drawing out.

One hop to each side, drawn here and now: it needs no script, and no graph grows without end.
"""

from collections.abc import Sequence
from typing import NamedTuple

from promptpack.site.address import Link

_NODE_WIDTH, _GAP_WIDTH, _ROW_HEIGHT, _NODE_HEIGHT = 210, 45, 34, 26
_MAX_NODES, _MAX_LABEL_LENGTH = 12, 24


class DrawnBox(NamedTuple):
    """A box of a drawing: its name, as much of it as there is room for, and where it leads."""

    name: str
    label: str
    address: str
    style: str
    x: str
    y: str
    text_x: str
    text_y: str
    width: int = _NODE_WIDTH - 1
    height: int = _NODE_HEIGHT


class Drawing(NamedTuple):
    """A drawing: its size, the paths between boxes, and the boxes."""

    width: int
    height: int
    connectors: tuple[str, ...]
    boxes: tuple[DrawnBox, ...]


def draw_lineage(
    predecessors: Sequence[Link], name: str, successors: Sequence[Link]
) -> Drawing | None:
    """Return the drawing, or None where there is nothing on either side."""
    if not predecessors and not successors:
        return None
    left_nodes, right_nodes = _limit_nodes(predecessors), _limit_nodes(successors)
    height = max(len(left_nodes), len(right_nodes), 1) * _ROW_HEIGHT
    middle_x = _NODE_WIDTH + _GAP_WIDTH if left_nodes else 0
    right_x = middle_x + _NODE_WIDTH + _GAP_WIDTH
    left_rows, right_rows = _place_rows(left_nodes, height), _place_rows(right_nodes, height)
    center_y = height / 2
    return Drawing(
        right_x + _NODE_WIDTH if right_nodes else middle_x + _NODE_WIDTH,
        height,
        (
            *(_draw_connector(_NODE_WIDTH, y, middle_x, center_y) for _, y in left_rows),
            *(_draw_connector(middle_x + _NODE_WIDTH, center_y, right_x, y) for _, y in right_rows),
        ),
        (
            *(_draw_box(node, 0, y) for node, y in left_rows),
            *(_draw_box(node, right_x, y) for node, y in right_rows),
            _draw_box(Link(name), middle_x, center_y, "pp-self"),
        ),
    )


def _limit_nodes(nodes: Sequence[Link]) -> list[Link]:
    if len(nodes) <= _MAX_NODES:
        return [*nodes]
    return [*nodes[: _MAX_NODES - 1], Link(f"and {len(nodes) - _MAX_NODES + 1} more")]


def _place_rows(nodes: Sequence[Link], height: float) -> list[tuple[Link, float]]:
    """Return each node with the middle of its row."""
    top = (height - len(nodes) * _ROW_HEIGHT) / 2
    return [(node, top + _ROW_HEIGHT * (number + 0.5)) for number, node in enumerate(nodes)]


def _draw_connector(x: float, y: float, to_x: float, to_y: float) -> str:
    middle_x = (x + to_x) / 2
    return f"M{x:g} {y:g}C{middle_x:g} {y:g} {middle_x:g} {to_y:g} {to_x:g} {to_y:g}"


def _draw_box(node: Link, x: float, y: float, style: str = "pp-still") -> DrawnBox:
    label = node.label
    if len(label) > _MAX_LABEL_LENGTH:
        label = f"{label[: _MAX_LABEL_LENGTH - 1]}…"
    return DrawnBox(
        name=node.label,
        label=label,
        address=node.address,
        style=style,
        x=f"{x + 0.5:g}",
        y=f"{y - _NODE_HEIGHT / 2:g}",
        text_x=f"{x + _NODE_WIDTH / 2:g}",
        text_y=f"{y + 4.5:g}",
    )
