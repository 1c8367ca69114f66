"""Switches at tags: a parsed template in, the same out with every tag able to be turned round.

What an output has because of a tag can't be read from its text: a condition, a loop or a macro
prints nothing itself. So a template is compiled once more with a switch at each tag. A render with
the switches of one line on shows what depends on that line: a condition comes out the other way, a
loop runs over nothing, a value is another one, and what would be printed there is not.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from promptpack.rendering.probes import TURNS, Probe

_HUGE = 1 << 60
_IGNORED = (nodes.TemplateData, nodes.Template, nodes.Output)

Statement = TypeVar(
    "Statement",
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.AssignBlock,
    nodes.Block,
    nodes.With,
)


def insert_probes(tree: nodes.Template, path: str) -> nodes.Template:
    """Return a template of the source at a path whose tags ask the environment for its probe."""
    _ProbeInserter(path).visit(tree)
    return tree


def list_probes(tree: nodes.Template, path: str) -> tuple[Probe, ...]:
    """Return a probe for each line of a parsed template that holds a tag or an expression."""
    assigns = {line for node in tree.find_all(nodes.Assign) for line in _list_lines([node])}
    tags = (node for node in tree.find_all(nodes.Node) if not isinstance(node, _IGNORED))
    lines = {node.lineno for node in tags if node.lineno is not None}
    return tuple(
        Probe(path, line, turn)
        for line in sorted(lines)
        for turn in range(TURNS if line in assigns else 1)
    )


def turn_value(value: Any, turn: int) -> Any:  # noqa: ANN401 - any value that a template makes
    """Return another value than that of an assignment; what can't be varied stays as it is."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return (0, value + 1, _HUGE)[turn]
    if isinstance(value, str):
        return ("", f"{value} x", "x")[turn]
    if isinstance(value, tuple):
        return tuple(turn_value(item, turn) for item in value)
    return [] if isinstance(value, list) else value


class _ProbeInserter(NodeTransformer):
    """Puts a switch at each tag of the template at a path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return text and values of which none is printed where the probe is."""
        self.generic_visit(node)
        node.nodes = [
            child if isinstance(child, nodes.TemplateData) else self._choose("", child)
            for child in node.nodes
        ]
        return node

    def visit_If(self, node: nodes.If) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a condition that comes out the other way where the probe is."""
        self.generic_visit(node)
        node.test = self._negate(node.test, node.lineno)
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a loop over nothing where the probe is."""
        self.generic_visit(node)
        nothing = nodes.Tuple([], "load", lineno=node.lineno)
        is_here = self._is_here([node.target, node.iter], node.lineno)
        node.iter = nodes.CondExpr(is_here, nothing, node.iter, lineno=node.lineno)
        if node.test is not None:
            node.test = self._negate(node.test, node.test.lineno)
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return an assignment of another value where the probe is."""
        self.generic_visit(node)
        other = nodes.Call(
            nodes.EnvironmentAttribute("turn_probed"),
            [node.node],
            [],
            None,
            None,
            lineno=node.lineno,
        )
        is_here = self._is_here([node.node], node.lineno)
        node.node = nodes.CondExpr(is_here, other, node.node, lineno=node.lineno)
        return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return an include that is left out where the probe is."""
        return self._guard([node], [], node.lineno)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a macro that is empty where the probe is."""
        return self._empty(node, [*node.args, *node.defaults])

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a call that is given nothing where the probe is."""
        return self._empty(node, [node.call])

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a filter over nothing where the probe is."""
        return self._empty(node, [node.filter])

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a block that is empty where the probe is."""
        return self._empty(node, [node.target])

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a block that is empty where the probe is."""
        return self._empty(node, [])

    def visit_With(self, node: nodes.With) -> nodes.Node:  # noqa: N802 - Jinja's own name
        """Return a scope that is empty where the probe is."""
        return self._empty(node, node.values)

    def _empty(self, node: Statement, tag: Iterable[nodes.Node]) -> Statement:
        self.generic_visit(node)
        node.body = [self._guard(node.body, tag, node.lineno)]
        return node

    def _guard(
        self, body: Iterable[nodes.Node], tag: Iterable[nodes.Node], line: int
    ) -> nodes.Node:
        is_elsewhere = nodes.Not(self._is_here(tag, line), lineno=line)
        return nodes.If(is_elsewhere, list(body), [], [], lineno=line)

    def _choose(self, other: str, value: nodes.Expr) -> nodes.Expr:
        line, constant = value.lineno, nodes.Const(other, lineno=value.lineno)
        return nodes.CondExpr(self._is_here([value], line), constant, value, lineno=line)

    def _negate(self, test: nodes.Node, line: int) -> nodes.Expr:
        opposite = nodes.Not(test, lineno=line)
        return nodes.CondExpr(self._is_here([test], line), opposite, test, lineno=line)

    def _is_here(self, tag: Iterable[nodes.Node], line: int) -> nodes.Expr:
        """Return the question whether the probe is in one of the lines of a tag."""
        lines = {line, *_list_lines(tag)}
        place = (self._path, min(lines), max(lines))
        arguments: list[nodes.Expr] = [nodes.Const(value, lineno=line) for value in place]
        question = nodes.EnvironmentAttribute("has_probe")
        return nodes.Call(question, arguments, [], None, None, lineno=line)


def _list_lines(tag: Iterable[nodes.Node]) -> set[int]:
    """Return the lines of nodes, and of all that is in them."""
    return {
        inner.lineno
        for node in tag
        for inner in (node, *node.find_all(nodes.Node))
        if inner.lineno is not None
    }
