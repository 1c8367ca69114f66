"""Includes that keep the indent they stand at: a parsed template in, the same with filters out.

A tag on a line of its own is taken out with the blanks before it. What is included there belongs
under these blanks, as the items of a list do, and not at the beginning of the line.
"""

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from promptpack.rendering.line_markers import strip_markers

INDENT = "promptpack indent"
"""The name of the filter; with its blank, no template can say it."""

_BLANKS = " \t"


def indent_includes(tree: nodes.Template, source: str) -> nodes.Template:
    """Return a template that indents each include as its tag is, if it is alone on its line."""
    if next(tree.find_all(nodes.Include), None) is not None:
        _IncludeIndenter(source.split("\n")).visit(tree)
    return tree


def _find_indent(line: str) -> str:
    """Return the blanks before an include that is alone on its line and says nothing of them."""
    tag = line.strip(_BLANKS)
    is_alone = tag.startswith("{%") and tag.endswith("%}") and tag.count("%}") == 1
    is_plain = tag[2:].lstrip(_BLANKS).startswith("include")
    return line[: len(line) - len(line.lstrip(_BLANKS))] if is_alone and is_plain else ""


def indent_text(text: str, blanks: str) -> str:
    r"""Return a text with blanks before each line that has any text; marks are none.

    >>> indent_text("- one\n\n  two\n", "  ")
    '  - one\n\n    two\n'
    """
    lines = text.split("\n")
    return "\n".join(f"{blanks}{line}" if strip_markers(line).strip() else line for line in lines)


class _IncludeIndenter(NodeTransformer):
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return an include, or a filter around it."""
        indent = _find_indent(self._lines[node.lineno - 1])
        if not indent:
            return node
        blanks = nodes.Const(indent, lineno=node.lineno)
        call = nodes.Filter(None, INDENT, [blanks], [], None, None, lineno=node.lineno)
        return nodes.FilterBlock([node], call, lineno=node.lineno)
